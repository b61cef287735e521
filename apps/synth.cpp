// falx synth: a synthetic head-CT data set in the challenge's layout.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/interruption.h"
#include "apps/json_line.h"
#include "apps/output_directory.h"
#include "apps/progress.h"
#include "apps/report/counted.h"
#include "io/labels.h"
#include "io/phantom/dataset.h"

namespace apps {
namespace {

using io::phantom::PhantomOptions;
using io::phantom::PhantomSummary;
using io::phantom::Prevalence;

struct Options {
  PhantomOptions phantom;
  CommonOptions common{.seed = 7};
};

struct Interrupted {};

std::string summary_text(const std::string& out, const PhantomSummary& summary) {
  const PhantomSummary::Part &train = summary.train, &test = summary.test;
  const auto part = [](const PhantomSummary::Part& p) {
    const auto number = [](auto n) { return static_cast<std::size_t>(n); };
    return counted(number(p.patients), "patient", "patients") + ", " + counted(number(p.studies), "study", "studies") +
           ", " + counted(number(p.images), "image", "images");
  };
  std::string text = fmt::format("{}: for training {}; for testing {}\n", out, part(train), part(test));
  for (std::size_t label = 0; label < io::label_names.size(); ++label) {
    const double share =
        100.0 * static_cast<double>(summary.positives[label]) / static_cast<double>(train.images + test.images);
    text += fmt::format("  {:<18}{:>7} {}, {:.1f} %\n", io::label_names[label], summary.positives[label],
                        summary.positives[label] == 1 ? "image" : "images", share);
  }
  return text;
}

std::string summary_json(const std::string& out, const PhantomSummary& summary) {
  const PhantomSummary::Part &train = summary.train, &test = summary.test;
  const auto part = [](const PhantomSummary::Part& p) {
    return nlohmann::ordered_json{{"patients", p.patients}, {"studies", p.studies}, {"images", p.images}};
  };
  nlohmann::ordered_json json = {{"out", out},
                                 {"patients", train.patients + test.patients},
                                 {"studies", train.studies + test.studies},
                                 {"images", train.images + test.images},
                                 {"train", part(train)},
                                 {"test", part(test)}};
  for (std::size_t label = 0; label < io::label_names.size(); ++label) {
    json["positives"][std::string(io::label_names[label])] = summary.positives[label];
  }
  return json_line(json) + "\n";
}

int run_synth(Options options) {
  PhantomOptions& phantom = options.phantom;
  phantom.seed = options.common.seed;
  try {
    io::phantom::check(phantom);
  } catch (const nn::Error& error) {
    throw UsageError(error.what());
  }
  check_output(phantom.out, {}, phantom.overwrite);

  const Interruption interruption;
  Progress progress(options.common.quiet);
  PhantomSummary summary;
  try {
    summary = io::phantom::write_phantom_dataset(phantom, [&](std::int64_t images_done, std::int64_t images) {
      if (Interruption::requested()) throw Interrupted{};
      progress.update("synth", images_done, images, "images");
    });
  } catch (const Interrupted&) {
    progress.message("falx synth: stopped; nothing was written");
    return Interruption::exit_code();
  }
  progress.clear();
  const std::string out = phantom.out.string();
  std::fputs((options.common.json ? summary_json(out, summary) : summary_text(out, summary)).c_str(), stdout);
  return done;
}

}  // namespace

void add_synth(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("synth", "Make a synthetic head-CT data set in the challenge's layout");
  command->footer(
      "Example:\n"
      "  falx synth --out DATA --patients 200 --test-patients 60 --size 256\n"
      "The same options give the same bytes. Scores on such a set show that the software works and learns; they say\n"
      "nothing about real scans.");
  PhantomOptions& phantom = options->phantom;
  command
      ->add_option("--out", phantom.out, "Directory for stage_2_train/, stage_2_test/, their label tables and truth/")
      ->required();
  command->add_option("--patients", phantom.patients, "Patients to learn from; some have two or three studies")
      ->capture_default_str();
  command->add_option("--test-patients", phantom.test_patients, "Other patients, for the test part")
      ->capture_default_str();
  command->add_option("--slices", phantom.slices, "Slices of a study")->capture_default_str();
  command->add_option("--size", phantom.size, "Rows and columns of an image")->capture_default_str();
  const std::map<std::string, Prevalence> prevalences = {{"teaching", Prevalence::teaching},
                                                         {"challenge", Prevalence::challenge}};
  command
      ->add_option_function<std::string>(
          "--prevalence",
          [&phantom, prevalences](const std::string& name) { phantom.prevalence = prevalences.at(name); },
          "teaching: most studies bleed; challenge: as rarely as in the RSNA data (default: teaching)")
      ->check(CLI::IsMember(prevalences));
  command->add_option("--defects", phantom.defects, "Images of the training part that are broken files")
      ->capture_default_str();
  command->add_flag("--traps", phantom.traps,
                    "Add a scout, a bone-kernel series, a coronal reformat, duplicates, conflicting labels");
  command->add_flag("--overwrite", phantom.overwrite, "Replace the data set in --out");
  add_seed(*command, options->common);
  add_threads(*command, options->common);
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_synth(*options); }; });
}

}  // namespace apps
