// The program falx: reads the command line, runs one subcommand, turns errors into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "apps/commands.h"
#include "apps/freed_memory.h"
#include "apps/help_format.h"
#include "apps/wrong_usage.h"
#include "nn/cpu/environment.h"

namespace {

using apps::Selected;
using AddCommand = void (*)(CLI::App& program, Selected& selected);

// In the order of --help.
constexpr AddCommand add_commands[] = {
    apps::add_synth,   apps::add_train,    apps::add_predict, apps::add_ensemble, apps::add_evaluate,
    apps::add_convert, apps::add_classify, apps::add_info,    apps::add_bench,
};

/// Messages may quote what they found; the promise is one line.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

int report(const Selected& selected, const std::string& what, int exit_code) {
  const std::string name = selected.name.empty() ? "falx" : "falx " + selected.name;
  std::fprintf(stderr, "%s: %s\n", name.c_str(), one_line(what).c_str());
  return exit_code;
}

/// Results that nobody received are none: a full disk shows here at the latest. Other errors have been told already.
int check_output_arrived(int exit_code) {
  errno = 0;
  const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (arrived || (exit_code != apps::done && exit_code != apps::done_with_rejected)) return exit_code;
  const std::string why = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
  std::fprintf(stderr, "falx: standard output could not be written%s\n", why.c_str());
  return apps::failed;
}

int run(int argc, char** argv) {
  CLI::App program(
      "Falx: trains neural networks to recognise intracranial hemorrhage on head CT, and applies them.\n"
      "Research software, not a medical device.",
      "falx");
  program.set_version_flag("--version", FALX_VERSION);
  program.formatter(apps::help_format());
  program.require_subcommand(1);
  Selected selected;
  for (const AddCommand add : add_commands) {
    if (add != nullptr) add(program, selected);
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    const auto chosen = program.get_subcommands();
    if (!chosen.empty()) selected.name = chosen.front()->get_name();
    return report(selected, apps::explain_wrong_usage(program, error), apps::wrong_usage);
  }
  selected.name = program.get_subcommands().front()->get_name();
  try {
    apps::as_usage(nn::cpu::check_environment);
    return selected.run();
  } catch (const apps::UsageError& error) {
    return report(selected, error.what(), apps::wrong_usage);
  } catch (const std::bad_alloc&) {
    return report(selected, "out of memory; a smaller --batch or --size needs less", apps::failed);
  } catch (const std::exception& error) {
    return report(selected, error.what(), apps::failed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  apps::keep_freed_memory();
  std::signal(SIGXFSZ, SIG_IGN);  // a file too large for the user's limit is an error of write(), reported in one line
  try {
    return check_output_arrived(run(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "falx: %s\n", error.what());
    return apps::failed;
  }
}
