#include "tests/threads/call_watch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <type_traits>
#include <vector>

#include "tests/support/kernel_rules.h"
#include "tests/threads/memory_trace.h"

namespace test {
namespace {

using Count = MemoryTrace::Count;
using nn::Tensor;

/// What may happen to the elements of a tensor during a call, by its letter in kernel_rules.h. `first` is the count of
/// its first element: what is conditional (a flag, beta) is so for all of them.
bool keeps_rule(char rule, const Count& element, const Count& first) {
  switch (rule) {
    case 'r':  // or never, if a flag says so
      return element.loads == first.loads && element.loads <= 1 && element.stores == 0;
    case 'w':
      return element.stores == 1 && element.loads == first.loads && element.loads <= 1;
    case 'W':
      return element.stores == first.stores && element.stores <= 1 && element.loads == 0;
    case 'm':  // or not, if a flag says so
      return element.stores == first.stores && element.loads == first.loads && element.loads == element.stores &&
             element.stores <= 1;
    case 's':
      return element.loads >= 1 && element.stores == 0;
    case 'p':
    case 'v':
      return element.stores == 0;
    case 'V':
      return element.stores == 1 && element.loads <= 1;
    default:
      return true;
  }
}

/// One that is written over an input is read as an input and written as an output.
bool stands_twice(const Tensor& tensor, const std::vector<Tensor>& tensors) {
  int places = 0;
  for (const Tensor& other : tensors) places += other.defined() && other.raw() == tensor.raw() ? 1 : 0;
  return places > 1;
}

void check_tensor(const char* kernel, std::size_t number, char rule, const Tensor& tensor) {
  const MemoryTrace& trace = MemoryTrace::install();
  const std::size_t size = nn::size_of(tensor.dtype());
  const auto* data = static_cast<const char*>(tensor.raw());
  const Count first = trace.of(data);
  for (std::int64_t row = 0; row < tensor.rows(); ++row) {
    for (std::int64_t column = 0; column < tensor.c(); ++column) {
      const char* element = data + static_cast<std::size_t>(row * tensor.pitch() + column) * size;
      for (const char* byte : {element, element + size - 1}) {
        const Count count = trace.of(byte);
        if (keeps_rule(rule, count, first)) continue;
        ADD_FAILURE() << kernel << ": tensor " << number << " " << tensor.shape() << " " << tensor.dtype() << ", row "
                      << row << ", channel " << column << ": " << count.loads << " loads, " << count.stores
                      << " stores, against the rule '" << rule << "'";
        return;
      }
    }
  }
}

template <auto& slot, class Signature>
struct Watched;

template <auto& slot, class... Args>
struct Watched<slot, nn::Kernel<void(Args...)>> {
  static inline nn::Kernel<void(Args...)> original{"", nullptr};
  static inline const char* rules = nullptr;

  static void run(Args... args) {
    MemoryTrace::install().forget();
    original(args...);
    std::vector<Tensor> tensors;
    (for_each_tensor_of(args, [&](const Tensor& tensor) { tensors.push_back(tensor); }), ...);
    ASSERT_EQ(tensors.size(), std::strlen(rules)) << slot.name();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Tensor& tensor = tensors[i];
      if (!tensor.defined() || tensor.elements() == 0 || stands_twice(tensor, tensors)) continue;
      check_tensor(slot.name(), i, rules[i], tensor);
    }
  }
};

template <auto& slot>
void watch(const char* rules) {
  using Watch = Watched<slot, std::remove_reference_t<decltype(slot)>>;
  Watch::original = slot;
  Watch::rules = rules;
  slot.set(nn::Device::cuda, Watch::run);
}

}  // namespace

void watch_kernels() {
  for_each_kernel_rule([]<auto & slot>(const char* rules) { watch<slot>(rules); });
}

}  // namespace test
