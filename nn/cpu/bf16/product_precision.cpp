#include "nn/cpu/bf16/product_precision.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "nn/core/error.h"
#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {
namespace {

constexpr const char* full = "f32";

struct Choice {
  const char* name;          // of FALX_BF16
  const char* instructions;  // as CPUs' makers call them
  const Bf16Kernel* (*find)();

  /// Null if there is none here.
  const Bf16Kernel* kernel() const { return simd_target() == "avx512" ? find() : nullptr; }
};
/// The usual one first; AMX, which has not run on a CPU yet, multiplies only if it is named.
constexpr Choice choices[] = {{"avx512", "AVX512_BF16", avx512_bf16_kernel}, {"amx", "AMX-BF16", amx_bf16_kernel}};

/// What "bf16" is; null if there is none.
const Bf16Kernel* usual_kernel() {
  const char* variable = std::getenv("FALX_BF16");
  const std::string_view wanted = variable == nullptr ? "" : variable;
  std::string names;
  for (const Choice& choice : choices) {
    const Bf16Kernel* kernel = choice.kernel();
    if (kernel == nullptr) continue;
    if (wanted.empty() || wanted == choice.name) return kernel;
    names += std::string(names.empty() ? "" : ", ") + choice.name;
  }
  NN_CHECK(names.empty(), "[product] FALX_BF16 is one of ", names, " (what this CPU can run), not '", wanted, "'");
  return nullptr;
}

const Bf16Kernel* find_kernel(const std::string& wanted) {
  if (wanted == portable_bf16_kernel().name) return &portable_bf16_kernel();
  if (wanted == "bf16") {
    if (const Bf16Kernel* kernel = usual_kernel()) return kernel;
  }
  for (const Choice& choice : choices) {
    const Bf16Kernel* kernel = choice.kernel();
    if (kernel != nullptr && wanted == kernel->name) return kernel;
  }
  throw Error(
      message("[product] ", wanted,
              " products need a CPU with AVX512_BF16 or AMX-BF16 (and FALX_CPU not below avx512); here there is ", full,
              " alone"));
}

std::atomic<const Bf16Kernel*> chosen{nullptr};

/// What was chosen, unless a lesser SIMD target has been set since, which leaves its instructions out; null is f32.
const Bf16Kernel* in_use() {
  const Bf16Kernel* kernel = chosen;
  if (kernel == nullptr || kernel == &portable_bf16_kernel()) return kernel;
  return simd_target() == "avx512" ? kernel : nullptr;
}

}  // namespace

std::vector<std::string> product_precisions() {
  std::vector<std::string> names;
  for (const Choice& choice : choices) {
    if (const Bf16Kernel* kernel = choice.kernel()) names.emplace_back(kernel->name);
  }
  names.emplace_back(full);
  return names;
}

std::string bf16_products_name() {
  const Bf16Kernel* kernel = usual_kernel();
  return kernel == nullptr ? "none" : kernel->name;
}

std::string why_no_bf16_products() {
  std::string left_out;
  for (const Choice& choice : choices) {
    if (choice.find() != nullptr) left_out += std::string(left_out.empty() ? "" : " and ") + choice.instructions;
  }
  const bool by_choice = simd_targets().front() == "avx512" && simd_target() != "avx512";
  if (left_out.empty() || !by_choice) return "this CPU has neither AVX512_BF16 nor AMX-BF16 to be used (see falx info)";
  return message("FALX_CPU=", simd_target(), " leaves out ", left_out, ", which this CPU has");
}

std::string product_precision() {
  const Bf16Kernel* kernel = in_use();
  return kernel == nullptr ? full : kernel->name;
}

void set_product_precision(const std::string& name) { chosen = name == full ? nullptr : find_kernel(name); }

const Bf16Kernel* bf16_products(std::int64_t depth) { return depth < least_bf16_depth ? nullptr : in_use(); }

}  // namespace nn::cpu
