#include "apps/command.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <functional>

#include "nn/core/device_runtime.h"
#include "nn/core/parallel.h"
#include "nn/cpu/choice/conv_choice.h"
#include "train/conv_choices.h"

namespace apps {

void add_seed(CLI::App& command, CommonOptions& options) {
  command.add_option("--seed", options.seed, "Seed of every random number: same seed, same bytes")
      ->capture_default_str();
}

void add_threads(CLI::App& command, CommonOptions& options) {
  command
      .add_option_function<int>(
          "--threads",
          [&options](const int& threads) {
            options.threads = threads;
            nn::set_thread_count(threads);
          },
          "Threads to compute with; results do not depend on it (default: all cores)")
      ->check(CLI::Range(1, 1024));
}

void add_quiet(CLI::App& command, CommonOptions& options) {
  command.add_flag("--quiet", options.quiet, "No progress on standard error");
}

void add_json(CLI::App& command, CommonOptions& options) {
  command.add_flag("--json", options.json, "One JSON object a line on standard output instead of text");
}

void add_conv(CLI::App& command, std::string& conv, ConvTuning tuning) {
  const bool tune = tuning == ConvTuning::offered;
  command
      .add_option("--conv", conv,
                  "Convolutions on the CPU. auto (default): the fastest for each shape; winograd: fewest "
                  "multiplications; winograd-2x2: rounds less; direct: rounds least; " +
                      std::string(tune ? "tune: timed here first; " : "") + "FILE: the choices of a tuned run")
      ->type_name(tune ? "{auto,winograd,winograd-2x2,direct,tune,FILE}" : "{auto,winograd,winograd-2x2,direct,FILE}");
}

namespace {

std::string precision_help(train::Work work, bool gpu) {
  std::string help = "The numbers to compute with";
  if (work == train::Work::inference) {
    help += "; bf16: factors of products rounded to 8 bits, faster where the CPU can (falx info)";
  }
  if (gpu) help += "; on a GPU tf32: products by tensor cores, 10 bits; bf16: 8 bits, f32 where it matters";
  return help;
}

const char* precision_choices(train::Work work, bool gpu) {
  if (gpu) return "{f32,tf32,bf16}";
  return work == train::Work::inference ? "{f32,bf16}" : "{f32}";
}

}  // namespace

void add_compute(CLI::App& command, train::ComputeOptions& options, train::Work work, ConvTuning tuning) {
  const bool gpu = nn::runtime(nn::Device::cuda) != nullptr;
  command
      .add_option("--device", options.device,
                  gpu ? "Where to compute; auto: on the GPU if there is one" : "Where to compute")
      ->type_name(gpu ? "{cpu,cuda,auto}" : "{cpu,auto}")
      ->capture_default_str();
  command.add_option("--precision", options.precision, precision_help(work, gpu))
      ->type_name(precision_choices(work, gpu))
      ->capture_default_str();
  add_conv(command, options.conv, tuning);
  if (!gpu) return;
  command.add_flag("--deterministic,!--fast", options.deterministic,
                   "On a GPU the same bits in every run (default), or whatever is fastest");
  command.add_flag("--autotune", options.autotune,
                   "On a GPU try every way to compute a convolution at its first use and keep the fastest");
}

train::Compute choose_compute(const train::ComputeOptions& options, train::Work work) {
  return as_usage([&] { return train::set_up(options, work); });
}

void use_conv(const std::string& conv) {
  as_usage([&] { train::check_conv(conv); });
  if (conv == train::tune_conv) {
    throw UsageError("--conv tune is for train and bench; a tuned run keeps its choices, which predict uses");
  }
  if (train::is_conv_file(conv)) {
    nn::cpu::set_conv_table(train::read_conv_choices(conv).table);
  } else if (!conv.empty()) {
    nn::cpu::set_conv_choice(conv);
  }
}

std::string choices_of(std::string names) {
  std::erase(names, ' ');
  return "{" + names + "}";
}

namespace {

CLI::Validator number_that(const std::string& expected, const std::function<bool(double)>& holds) {
  return CLI::Validator(
      [expected, holds](std::string& text) {
        double value = 0;
        const bool good = CLI::detail::lexical_cast(text, value) && holds(value);
        return good ? std::string() : "expected a number " + expected + ", got " + text;
      },
      "NUMBER");
}

}  // namespace

CLI::Validator above_zero() {
  return number_that("above 0", [](double value) { return value > 0; });
}

CLI::Validator not_negative() {
  return number_that("from 0", [](double value) { return value >= 0; });
}

CLI::Validator from_to(double low, double high) {
  return number_that(fmt::format("from {} to {}", low, high),
                     [low, high](double value) { return value >= low && value <= high; });
}

std::set<std::string> given_options(const CLI::App& command) {
  std::set<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty()) names.insert(option->get_lnames().front());
  }
  return names;
}

}  // namespace apps
