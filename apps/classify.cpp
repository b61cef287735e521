// falx classify: what photos show, by ImageNet's classes.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/commands.h"
#include "apps/json_line.h"
#include "io/pictures/picture_reader.h"
#include "train/pretrained/imagenet.h"

namespace apps {
namespace {

struct Options {
  std::string model;
  std::filesystem::path weights;
  std::vector<std::string> images;
  train::ComputeOptions compute;
  CommonOptions common;
};

std::string class_name(int index) { return train::imagenet_classes().at(static_cast<std::size_t>(index)); }

std::string as_json(const std::string& file, const std::vector<train::Guess>& guesses) {
  nlohmann::ordered_json top = nlohmann::ordered_json::array();
  for (const train::Guess& guess : guesses) {
    top.push_back({{"index", guess.index}, {"name", class_name(guess.index)}, {"probability", guess.probability}});
  }
  return json_line(nlohmann::ordered_json{{"file", file}, {"top", top}});
}

std::string as_text(const std::string& file, const std::vector<train::Guess>& guesses) {
  std::string text = file;
  for (const train::Guess& guess : guesses) {
    text += fmt::format("\n  {:6.2f} %  {} ({})", 100 * guess.probability, class_name(guess.index), guess.index);
  }
  return text;
}

int run_classify(const Options& options) {
  as_usage([&] { train::check_pretrained_model(options.model); });
  const train::Compute compute = choose_compute(options.compute);
  use_conv(options.compute.conv);
  const train::Pretrained pretrained = train::read_pretrained(options.weights, options.model);
  if (!options.common.quiet) std::fprintf(stderr, "%s\n", train::describe(pretrained).c_str());
  train::ImageNetClassifier classifier(pretrained, compute);
  std::size_t rejected = 0;
  for (const std::string& file : options.images) {
    try {
      const std::vector<train::Guess> guesses = classifier.top(io::read_picture(file, 3));
      std::printf("%s\n", (options.common.json ? as_json(file, guesses) : as_text(file, guesses)).c_str());
      std::fflush(stdout);
    } catch (const io::FileRejected& reason) {
      std::fprintf(stderr, "%s: %s\n", file.c_str(), reason.detail().c_str());
      ++rejected;
    }
  }
  NN_CHECK(rejected < options.images.size(), "none of the ", rejected, " files is a picture that can be read");
  return rejected == 0 ? done : done_with_rejected;
}

}  // namespace

void add_classify(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("classify", "Name what photos show: a proof that weights are right");
  command->footer(
      "Examples:\n"
      "  falx classify --model densenet121 --weights densenet121.safetensors cat.jpg\n"
      "  falx classify --model vgg16 --weights vgg16_weights_tf_dim_ordering_tf_kernels.h5 --json *.png\n\n"
      "Prints ImageNet's five most probable classes of each PNG or JPEG. weights/README.md says where weights are.");
  command->add_option("--model", options->model, "The network whose weights they are")
      ->type_name(choices_of(train::pretrained_model_names()))
      ->required();
  command->add_option("--weights", options->weights, "A .safetensors of torchvision or timm, or a Keras .h5")
      ->required();
  command->add_option("images", options->images, "PNG or JPEG files")->required();
  add_compute(*command, options->compute);
  add_threads(*command, options->common);
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_classify(*options); }; });
}

}  // namespace apps
