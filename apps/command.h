// How a subcommand joins the program: one function that declares its options and names what to run.
//
//   void add_example(CLI::App& program, Selected& selected) {
//     auto options = std::make_shared<ExampleOptions>();
//     CLI::App* command = program.add_subcommand("example", "what it does, in a line");
//     command->footer("Example:\n  falx example --out DIR");
//     command->add_option("--out", options->out, "...")->required();
//     add_threads(*command, options->common);
//     command->callback([&selected, options] { selected.run = [options] { return run_example(*options); }; });
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "nn/core/error.h"
#include "train/compute.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace apps {

/// The exit codes of every command (see README.md).
enum ExitCode : int {
  done = 0,
  failed = 1,
  wrong_usage = 2,
  done_with_rejected = 3,
  interrupted = 130,
  terminated = 143
};

/// Wrong usage that only the command itself can see (two options that exclude each other, a non-empty --out): exit
/// code 2.
class UsageError : public nn::Error {
 public:
  using nn::Error::Error;
};

/// What make() returns. What it finds wrong is wrong usage, wherever that was written: options that contradict each
/// other or this machine, a configuration.
template <class Make>
auto as_usage(const Make& make) {
  try {
    return make();
  } catch (const UsageError&) {
    throw;
  } catch (const nn::Error& error) {
    throw UsageError(error.what());
  }
}

/// What the chosen subcommand will do; returns an exit code, or throws nn::Error (one line, exit code 1).
struct Selected {
  std::string name;
  std::function<int()> run;
};

/// Options that several commands share, with one meaning.
struct CommonOptions {
  std::uint64_t seed = 0;
  int threads = 0;  // 0: all cores
  bool quiet = false;
  bool json = false;
};
void add_seed(CLI::App& command, CommonOptions& options);
/// Takes effect when the command line has been read.
void add_threads(CLI::App& command, CommonOptions& options);
void add_quiet(CLI::App& command, CommonOptions& options);
void add_json(CLI::App& command, CommonOptions& options);

/// The long names of what was typed: "batch".
std::set<std::string> given_options(const CLI::App& command);

/// Whether the command can time convolutions first (--conv tune).
enum class ConvTuning { not_offered, offered };

/// --device, --precision and --conv; --fast and --autotune where a GPU's kernels are part of the program.
void add_compute(CLI::App& command, train::ComputeOptions& options, train::Work work = train::Work::inference,
                 ConvTuning tuning = ConvTuning::not_offered);
/// --conv alone: by which algorithm the CPU's convolutions run.
void add_conv(CLI::App& command, std::string& conv, ConvTuning tuning = ConvTuning::not_offered);
/// train::set_up, whose errors are wrong usage.
train::Compute choose_compute(const train::ComputeOptions& options, train::Work work = train::Work::inference);
/// Lets convolutions run by what --conv says, a file of choices too. Tuning, which needs a network, is wrong usage.
void use_conv(const std::string& conv);

/// "a, b" as "{a,b}": for CLI::Option::type_name() of an option whose names are checked elsewhere.
std::string choices_of(std::string names);

/// For check(): "expected a number above 0, got abc" (CLI11's own says the range of all doubles, digit by digit).
CLI::Validator above_zero();
CLI::Validator not_negative();
CLI::Validator from_to(double low, double high);

}  // namespace apps
