#include "nn/cpu/product_precision.h"

#include <atomic>

#include "nn/core/error.h"
#include "nn/cpu/simd_target.h"

namespace nn::cpu {
namespace {

constexpr const char* full = "f32";

/// Best first.
std::vector<const Bf16Kernel*> fast_kernels() {
  std::vector<const Bf16Kernel*> kernels;
  if (simd_target() != "avx512") return kernels;
  for (const Bf16Kernel* kernel : {amx_bf16_kernel(), avx512_bf16_kernel()}) {
    if (kernel != nullptr) kernels.push_back(kernel);
  }
  return kernels;
}

const Bf16Kernel* find_kernel(const std::string& wanted) {
  if (wanted == portable_bf16_kernel().name) return &portable_bf16_kernel();
  for (const Bf16Kernel* kernel : fast_kernels()) {
    if (wanted == "bf16" || wanted == kernel->name) return kernel;
  }
  throw Error(
      message("[product] ", wanted,
              " products need a CPU with AVX512_BF16 or AMX-BF16 (and FALX_CPU not below avx512); here there is ", full,
              " alone"));
}

std::atomic<const Bf16Kernel*> chosen{nullptr};

}  // namespace

std::vector<std::string> product_precisions() {
  std::vector<std::string> names;
  for (const Bf16Kernel* kernel : fast_kernels()) names.emplace_back(kernel->name);
  names.emplace_back(full);
  return names;
}

std::string product_precision() {
  const Bf16Kernel* kernel = chosen;
  return kernel == nullptr ? full : kernel->name;
}

void set_product_precision(const std::string& name) { chosen = name == full ? nullptr : find_kernel(name); }

const Bf16Kernel* bf16_products(std::int64_t depth) { return depth < least_bf16_depth ? nullptr : chosen.load(); }

}  // namespace nn::cpu
