// falx convert: public weight files into the one form that this program and PyTorch share.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "apps/json_line.h"
#include "train/pretrained/convert_weights.h"

namespace apps {
namespace {

struct Options {
  std::filesystem::path from, out;
  std::string model;
  bool partial = false, overwrite = false;
  CommonOptions common;
};

std::string as_json(const Options& options, const train::ConvertedWeights& converted) {
  const train::Pretrained& p = converted.pretrained;
  const nlohmann::ordered_json object{{"out", options.out.string()},
                                      {"model", p.architecture},
                                      {"format", p.format},
                                      {"scaling", train::name(p.scaling)},
                                      {"batch_norm_epsilon", p.batch_norm_epsilon},
                                      {"source_sha256", p.file_hash},
                                      {"known_as", p.known_as},
                                      {"tensors", converted.report.loaded.size()},
                                      {"left_out", converted.report.left_out},
                                      {"absent", converted.absent}};
  return json_line(object);
}

std::string as_text(const Options& options, const train::ConvertedWeights& converted) {
  const train::Pretrained& p = converted.pretrained;
  std::string text =
      nn::message(options.out.string(), ": ", converted.report.loaded.size(), " tensors of ", p.architecture,
                  ", scaling ", train::name(p.scaling), ", batch norm epsilon ", p.batch_norm_epsilon);
  if (!converted.report.left_out.empty()) {
    text += nn::message("; ", converted.report.left_out.size(), " left out (", converted.report.left_out.front(), ")");
  }
  if (!converted.absent.empty()) {
    text += nn::message("; ", converted.absent.size(), " not in the file (", converted.absent.front(), ")");
  }
  return text;
}

int run_convert(const Options& options) {
  as_usage([&] { train::check_pretrained_model(options.model); });
  if (std::filesystem::exists(options.out) && !options.overwrite) {
    throw UsageError(nn::message(options.out.string(), " exists; give --overwrite to replace it"));
  }
  const train::ConvertedWeights converted = train::convert_weights(options.from, options.model, {options.partial});
  if (!options.common.quiet) std::fprintf(stderr, "%s\n", train::describe(converted.pretrained).c_str());
  train::write_converted(options.out, converted);
  const std::string text = options.common.json ? as_json(options, converted) : as_text(options, converted);
  std::printf("%s\n", text.c_str());
  return done;
}

}  // namespace

void add_convert(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand(
      "convert", "Turn public weights (Keras .h5, .safetensors) into a .safetensors for PyTorch");
  command->footer(
      "Example:\n"
      "  falx convert --from densenet121_weights_tf_dim_ordering_tf_kernels.h5 --model densenet121 \\\n"
      "               --out densenet121.safetensors\n\n"
      "The result has torchvision's names and layout, and says how pictures are scaled and which epsilon its batch\n"
      "norms have. weights/README.md lists public files.");
  command->add_option("--from", options->from, "A Keras .h5, or a .safetensors of torchvision or timm")->required();
  command->add_option("--model", options->model, "The network whose weights they are")
      ->type_name(choices_of(train::pretrained_model_names()))
      ->required();
  command->add_option("--out", options->out, "The .safetensors to write")->required();
  command->add_flag("--partial", options->partial, "Accept a file that holds a part of the network");
  command->add_flag("--overwrite", options->overwrite, "Replace --out");
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_convert(*options); }; });
}

}  // namespace apps
