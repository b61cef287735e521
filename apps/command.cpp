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

namespace {

CLI::Validator number_that(const char* expected, bool (*holds)(double)) {
  return CLI::Validator(
      [expected, holds](std::string& text) {
        double value = 0;
        const bool good = CLI::detail::lexical_cast(text, value) && holds(value);
        return good ? std::string() : "expected a number " + std::string(expected) + ", got " + text;
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

}  // namespace apps
