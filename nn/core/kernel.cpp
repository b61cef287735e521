#include "nn/core/kernel.h"

#include <algorithm>
#include <cstring>

namespace nn {
namespace {

std::vector<detail::SlotReader>& readers() {
  static std::vector<detail::SlotReader> list;
  return list;
}

}  // namespace

detail::ListedKernel::ListedKernel(SlotReader reader) { readers().push_back(reader); }

std::vector<KernelSlot> kernel_slots() {
  std::vector<KernelSlot> slots;
  for (const detail::SlotReader reader : readers()) slots.push_back(reader());
  std::sort(slots.begin(), slots.end(),
            [](const KernelSlot& a, const KernelSlot& b) { return std::strcmp(a.name, b.name) < 0; });
  return slots;
}

}  // namespace nn
