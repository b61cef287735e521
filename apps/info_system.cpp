#include <fmt/format.h>

#include "apps/facts.h"
#include "apps/info.h"
#include "models/registry.h"
#include "nn/core/device_runtime.h"
#include "nn/core/kernel.h"
#include "nn/core/parallel.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"

namespace apps {
namespace {

std::vector<std::string> devices() {
  std::vector<std::string> names;
  for (const nn::Device device : {nn::Device::cpu, nn::Device::cuda}) {
    if (nn::has_device(device)) names.emplace_back(name(device));
  }
  return names;
}

/// The device and what drives it, or why it is not available.
std::string description(nn::Device device) {
  nn::DeviceRuntime* runtime = nn::runtime(device);
  if (runtime == nullptr) return "not available: this program was built without it";
  const std::string& reason = runtime->why_unavailable();
  return reason.empty() ? runtime->description() : "not available: " + reason;
}

/// The slots that `device` fills, or leaves empty.
std::vector<std::string> kernels_on(nn::Device device, bool filled = true) {
  std::vector<std::string> names;
  for (const nn::KernelSlot& slot : nn::kernel_slots()) {
    if (slot.filled[static_cast<int>(device)] == filled) names.emplace_back(slot.name);
  }
  return names;
}

}  // namespace

void print_system(bool json) {
  Facts facts;
  facts.add("version", FALX_VERSION);
  facts.add("compiler", __VERSION__);
  facts.add("devices", devices());
  facts.add("cuda", description(nn::Device::cuda));
  facts.add("threads", std::int64_t{nn::thread_count()});
  facts.add("simd", nn::cpu::simd_target());
  facts.add("simd available", nn::cpu::simd_targets());
  facts.add("products available", nn::cpu::product_precisions());
  facts.add("bf16", nn::cpu::bf16_products_name());
  facts.add("conv", nn::cpu::conv_choice());
  facts.add("conv available", nn::cpu::conv_choices());
  for (const models::ModelEntry& entry : models::all_models()) {
    facts.add("model " + std::string(entry.name), std::string(entry.description));
  }
  facts.add("kernel slots", static_cast<std::int64_t>(nn::kernel_slots().size()));
  for (const nn::Device device : {nn::Device::cpu, nn::Device::cuda}) {
    facts.add(fmt::format("kernels on {}", name(device)), kernels_on(device));
  }
  if (nn::runtime(nn::Device::cuda) != nullptr) {
    facts.add("kernels missing on cuda", kernels_on(nn::Device::cuda, false));
  }
  facts.print(json);
}

}  // namespace apps
