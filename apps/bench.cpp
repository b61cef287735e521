// falx bench: how fast networks train and predict, layer by layer, and how fast files are read.
#include "apps/bench.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/commands.h"
#include "apps/peak_memory.h"
#include "apps/progress.h"
#include "models/registry.h"
#include "nn/core/allocator.h"
#include "nn/core/device_runtime.h"
#include "nn/core/parallel.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"
#include "train/data/image_scan.h"
#include "train/data/load_benchmark.h"
#include "train/tune_convolutions.h"

namespace apps {
namespace {

struct BenchOptions {
  BenchSettings settings{.model = "cnn", .size = 0};
  std::string what = "train";
  train::ComputeOptions compute;
  std::filesystem::path images, inputs, conv_choices;
  std::set<std::string> given{};  // names of options on the command line: "batch"
  CommonOptions common;
};

/// Names and milliseconds, in order.
using Stages = std::vector<std::pair<const char*, double>>;

struct Result {
  BenchTimes times;
  std::int64_t images = 1;  // in the time measured
  Stages stages{};
};

/// Bytes of memory that there were at most: of the tensors on a GPU, else of the whole program.
std::int64_t peak_bytes(nn::Device device) {
  if (device != nn::Device::cpu) return static_cast<std::int64_t>(nn::memory_use(device).peak);
  return peak_memory();
}

void print_json(const LayerTime& layer) {
  const nlohmann::ordered_json line{{"layer", layer.layer},
                                    {"kind", layer.kind},
                                    {"milliseconds", layer.milliseconds},
                                    {"multiply_adds_per_second", layer.multiply_adds_second},
                                    {"algorithm", layer.algorithm}};
  std::printf("%s\n", line.dump().c_str());
}

void print_table(const std::vector<LayerTime>& layers) {
  std::size_t width = 0, kind_width = 0;
  for (const LayerTime& layer : layers) {
    width = std::max(width, layer.layer.size());
    kind_width = std::max(kind_width, layer.kind.size());
  }
  for (const LayerTime& layer : layers) {
    std::string text =
        fmt::format("{:<{}}  {:<{}}  {:>10.3f} ms", layer.layer, width, layer.kind, kind_width, layer.milliseconds);
    if (layer.multiply_adds_second > 0) {
      text += fmt::format("{:8.1f} GMAC/s  {}", layer.multiply_adds_second * 1e-9, layer.algorithm);
    }
    std::printf("%s\n", text.c_str());
  }
}

Result measure_layers(const BenchOptions& options) {
  const LayerTimes times = bench_layers(options.settings);
  if (options.common.json) {
    for (const LayerTime& layer : times.layers) print_json(layer);
  } else {
    print_table(times.layers);
  }
  return {.times = times.all, .images = options.settings.batch};
}

Result measure_loading(const BenchOptions& options) {
  if (options.images.empty()) throw UsageError("--what load needs --images: a directory of DICOM files or pictures");
  const train::Dataset dataset = train::scan_images(options.images, {}, {});
  std::vector<std::string> files;
  for (const train::DatasetImage& image : dataset.images) files.push_back(image.path);
  NN_CHECK(!files.empty(), options.images.string(), " holds no image that can be read");
  const auto preprocessing =
      train::Preprocessing::defaults(dataset.kind, train::InputKind::windows, static_cast<int>(options.settings.size));
  if (!options.inputs.empty()) train::write_inputs(options.inputs, files, preprocessing);
  const train::LoadTimes times = train::benchmark_load(files, preprocessing);
  Result result{.times = {times.milliseconds, times.milliseconds_min, times.milliseconds_max}};
  if (dataset.kind == train::ImageKind::dicom) {
    result.stages = {{"header", times.reading.header},
                     {"pixels", times.reading.pixels},
                     {"hounsfield", times.reading.hounsfield},
                     {"input", times.input}};
  }
  return result;
}

Result measure(const BenchOptions& options) {
  const BenchSettings& settings = options.settings;
  if (options.what == "ops") return measure_layers(options);
  return {.times = options.what == "train" ? bench_training(settings) : bench_inference(settings),
          .images = settings.batch};
}

/// What convolutions run by: --conv, or what the environment says.
std::string conv_name(const std::string& conv) { return conv.empty() ? nn::cpu::conv_choice() : conv; }

void print_result(const BenchOptions& options, const Result& result) {
  const BenchSettings& settings = options.settings;
  const BenchTimes& times = result.times;
  const bool load = options.what == "load", on_cpu = settings.compute.device == nn::Device::cpu && !load;
  const double images_per_second = 1000.0 * static_cast<double>(result.images) / times.median;
  if (options.common.json) {
    using Json = nlohmann::ordered_json;
    const auto unless = [](bool meaningless, const auto& value) { return meaningless ? Json() : Json(value); };
    Json line{{"model", unless(load, settings.model)},
              {"what", options.what},
              {"device", name(settings.compute.device)},
              {"precision", unless(load, options.compute.precision)},
              {"graph", settings.compute.device != nn::Device::cpu && settings.compute.graph},
              {"batch", result.images},
              {"size", settings.size},
              {"threads", nn::thread_count()},
              {"products", on_cpu ? Json(nn::cpu::product_precision()) : Json()},
              {"simd", unless(settings.compute.device != nn::Device::cpu, nn::cpu::simd_target())},
              {"conv", on_cpu ? Json(conv_name(options.compute.conv)) : Json()},
              {"images_per_second", images_per_second},
              {"milliseconds", times.median},
              {"milliseconds_min", times.fastest},
              {"milliseconds_max", times.slowest},
              {"peak_bytes", peak_bytes(settings.compute.device)}};
    for (const auto& [stage, milliseconds] : result.stages) line["stages"][stage] = milliseconds;
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  const std::string subject = load ? "files" : fmt::format("{}, batch {}", settings.model, settings.batch);
  std::printf(
      "%s\n",
      fmt::format("{} ({}), {} pixels, {}{}, {} threads: {:.1f} images/s, {:.2f} ms a {} (fastest {:.2f}, "
                  "slowest {:.2f}), peak memory {} MiB",
                  options.what, subject, settings.size, name(settings.compute.device),
                  load ? "" : " " + options.compute.precision, nn::thread_count(), images_per_second, times.median,
                  load ? "file" : "batch", times.fastest, times.slowest, peak_bytes(settings.compute.device) >> 20)
          .c_str());
  for (const auto& [stage, milliseconds] : result.stages) {
    std::printf("%s\n", fmt::format("  {:<12}{:>8.3f} ms a file and thread", stage, milliseconds).c_str());
  }
}

/// An unknown model or a size that it cannot take is wrong usage.
void complete(BenchSettings& settings) {
  as_usage([&] {
    if (settings.size == 0) settings.size = models::find_model(settings.model).size;
    models::make_model(settings.model, {.size = settings.size});
  });
}

/// --conv tune: times the network's convolutions, and lets the fastest algorithms run.
void tune(const BenchOptions& options) {
  const BenchSettings& settings = options.settings;
  if (settings.compute.device != nn::Device::cpu) {
    std::fprintf(stderr, "falx bench: %s\n", train::tune_conv_on_gpu);
    return;
  }
  Progress progress(options.common.quiet);
  const auto network = models::make_model(settings.model, {.channels = bench_channels, .size = settings.size});
  const auto show = [&](std::int64_t done, std::int64_t total) {
    progress.update("timing convolutions", done, total, "passes");
    return true;
  };
  const train::TunedConvolutions tuned =
      train::tune_convolutions(*network, {.input = {settings.batch, settings.size, settings.size, bench_channels},
                                          .training = options.what == "train",
                                          .progress = show})
          .value();
  if (!options.common.quiet) progress.message("falx bench: convolutions: " + describe(tuned));
  nn::cpu::set_conv_table(tuned.choices.table);
  if (!options.conv_choices.empty()) train::write_conv_choices(options.conv_choices, tuned.choices);
}

/// What means nothing for what is measured is not passed over in silence.
void check_usage(const BenchOptions& options) {
  const bool load = options.what == "load", tuning = options.compute.conv == train::tune_conv;
  for (const char* option : {"images", "inputs"}) {
    if (!load && options.given.contains(option)) throw UsageError(fmt::format("--{} is for --what load", option));
  }
  for (const char* option : {"model", "batch", "seconds", "device", "precision", "conv", "conv-choices",
                             "deterministic", "autotune", "graph"}) {
    if (load && options.given.contains(option)) {
      throw UsageError(fmt::format("--what load runs no network: there is nothing for --{}", option));
    }
  }
  if (options.conv_choices.empty()) return;
  if (!tuning) throw UsageError("--conv-choices is for --conv tune");
  // What is fastest beside products in bf16 is not what a run, which trains in f32, would choose.
  if (options.compute.precision != "f32") throw UsageError("--conv-choices keeps choices for --precision f32 alone");
}

int run_load(BenchOptions& options) {
  if (options.settings.size == 0) options.settings.size = models::find_model(options.settings.model).size;
  print_result(options, measure_loading(options));  // files are read and prepared by the CPU
  return done;
}

int run_bench(BenchOptions options) {
  check_usage(options);
  if (options.what == "load") return run_load(options);
  complete(options.settings);
  train::Compute& compute = options.settings.compute;
  const bool graph = compute.graph;
  compute = choose_compute(options.compute, options.what == "train" ? train::Work::training : train::Work::inference);
  compute.graph = graph;
  if (options.compute.conv == train::tune_conv) {
    tune(options);
  } else {
    use_conv(options.compute.conv);
  }
  print_result(options, measure(options));
  return done;
}

}  // namespace

void add_bench(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = program.add_subcommand("bench", "Measure speed and memory: medians of repeated runs");
  command->footer(
      "Examples:\n"
      "  falx bench --model cnn --batch 32 --size 128 --what train\n"
      "  falx bench --model cnn-2019 --what infer --json\n"
      "  falx bench --what load --images DIR --size 256\n"
      "train is a step of training (forward, loss, backward, AdamW); infer a forward pass; ops the forward pass layer\n"
      "by layer, those that are computed in one together; load reads and prepares the files of --images.\n"
      "(The program bench_ops times single kernels.)\n"
      "On the CPU --precision bf16 is for infer and ops.");
  command->add_option("--model", options->settings.model, "The network")
      ->type_name(choices_of(models::model_names()))
      ->capture_default_str();
  command->add_option("--batch", options->settings.batch, "Images at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--size", options->settings.size, "Pixels a side of the input (default: the model's own)")
      ->check(CLI::Range(1, 4096));
  command->add_option("--what", options->what, "What to measure")
      ->check(CLI::IsMember({"train", "infer", "load", "ops"}))
      ->capture_default_str();
  command->add_option("--images", options->images, "Files for --what load");
  command->add_option("--inputs", options->inputs,
                      "Where --what load also writes what it makes of them (.safetensors)");
  add_compute(*command, options->compute, train::Work::inference, ConvTuning::offered);
  command->add_option("--conv-choices", options->conv_choices,
                      "Where --conv tune also writes its choices, for --conv FILE (.json)");
  if (nn::runtime(nn::Device::cuda) != nullptr) {
    command->add_flag("--graph,!--no-graph", options->settings.compute.graph,
                      "On a GPU record the step once and replay it (default)");
  }
  command->add_option("--seconds", options->settings.seconds, "Repeat at least so long (and three times)")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  add_threads(*command, options->common);
  add_quiet(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options, command] {
    options->given = given_options(*command);
    selected.run = [options] { return run_bench(*options); };
  });
}

}  // namespace apps
