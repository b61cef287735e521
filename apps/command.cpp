#include "apps/command.h"

#include <CLI/CLI.hpp>

#include "nn/core/parallel.h"

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

}  // namespace apps
