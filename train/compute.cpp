#include "train/compute.h"

#include "nn/core/device_runtime.h"
#include "nn/core/error.h"
#include "nn/cpu/conv_choice.h"

namespace train {

using nn::Device;
using nn::DType;

bool is_conv_file(const std::string& conv) { return conv.find_first_of("./") != std::string::npos; }

void check_conv(const std::string& conv) {
  if (conv.empty() || conv == tune_conv || is_conv_file(conv)) return;
  std::string names;
  for (const std::string& choice : nn::cpu::conv_choices()) {
    if (choice == conv) return;
    names += choice + ", ";
  }
  throw nn::Error(nn::message("--conv ", conv, ": expected one of ", names, tune_conv, ", or a file of choices"));
}

void check(const ComputeOptions& options) {
  const std::string &device = options.device, &precision = options.precision;
  NN_CHECK(device == "auto" || device == "cpu" || device == "cuda", "--device ", device,
           ": expected one of auto, cpu, cuda");
  NN_CHECK(precision == "f32" || precision == "tf32" || precision == "bf16", "--precision ", precision,
           ": expected one of f32, tf32, bf16");
  NN_CHECK(device != "cpu" || precision == "f32", "--precision ", precision,
           " needs a GPU: with --device cpu there is f32 alone");
  check_conv(options.conv);
}

Compute set_up(const ComputeOptions& options) {
  check(options);
  const bool by_table = options.conv == tune_conv || is_conv_file(options.conv);
  if (!options.conv.empty()) nn::cpu::set_conv_choice(by_table ? "auto" : options.conv);
  const bool on_gpu = options.device == "cuda" || (options.device == "auto" && nn::has_device(Device::cuda));
  if (!on_gpu) {
    NN_CHECK(options.precision == "f32", "--precision ", options.precision,
             " needs a GPU, and none can be used here: the CPU computes in f32 alone");
    return {};
  }
  nn::require_runtime(Device::cuda)
      .configure({.deterministic = options.deterministic,
                  .tensor_float32 = options.precision == "tf32",
                  .autotune = options.autotune});
  return {.device = Device::cuda, .dtype = options.precision == "bf16" ? DType::bf16 : DType::f32};
}

}  // namespace train
