#include "train/compute.h"

#include "nn/core/device_runtime.h"
#include "nn/core/error.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_choice.h"

namespace train {

using nn::Device;
using nn::DType;

namespace {

/// What of --precision only a GPU can do.
void check_on_cpu(const std::string& precision, Work work, const char* where) {
  NN_CHECK(precision == "f32" || precision == "bf16", "--precision ", precision, " needs a GPU", where,
           ": the CPU computes in f32, and in bf16 for inference");
  NN_CHECK(precision == "f32" || work == Work::inference, "--precision ", precision, " needs a GPU to train", where,
           ": in bf16 the CPU only predicts");
}

/// The precision of products on the CPU.
void set_products(const std::string& precision) {
  NN_CHECK(precision == "f32" || nn::cpu::bf16_products_name() != "none", "--precision ", precision, ": ",
           nn::cpu::why_no_bf16_products(), "; there is f32 alone");
  nn::cpu::set_product_precision(precision);
}

}  // namespace

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

void check(const ComputeOptions& options, Work work) {
  const std::string &device = options.device, &precision = options.precision;
  NN_CHECK(device == "auto" || device == "cpu" || device == "cuda", "--device ", device,
           ": expected one of auto, cpu, cuda");
  NN_CHECK(precision == "f32" || precision == "tf32" || precision == "bf16", "--precision ", precision,
           ": expected one of f32, tf32, bf16");
  if (device == "cpu") check_on_cpu(precision, work, "");
  check_conv(options.conv);
}

Compute set_up(const ComputeOptions& options, Work work) {
  check(options, work);
  const bool by_table = options.conv == tune_conv || is_conv_file(options.conv);
  if (!options.conv.empty()) nn::cpu::set_conv_choice(by_table ? "auto" : options.conv);
  nn::cpu::set_product_precision("f32");  // also beside a GPU: what runs on the CPU then may train
  const bool on_gpu = options.device == "cuda" || (options.device == "auto" && nn::has_device(Device::cuda));
  if (!on_gpu) {
    check_on_cpu(options.precision, work, ", and none can be used here");
    set_products(options.precision);
    return {};
  }
  nn::require_runtime(Device::cuda)
      .configure({.deterministic = options.deterministic,
                  .tensor_float32 = options.precision == "tf32",
                  .autotune = options.autotune});
  return {.device = Device::cuda, .dtype = options.precision == "bf16" ? DType::bf16 : DType::f32};
}

}  // namespace train
