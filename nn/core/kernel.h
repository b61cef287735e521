// Kernel slots: one typed function pointer per device. The CPU's is set where the slot is defined; cuda/ sets the other
// when it is loaded. Nobody includes cuda/, and a build without it has no stubs: an empty slot is an error that names
// itself.
#pragma once

#include <tuple>
#include <type_traits>
#include <vector>

#include "nn/core/device.h"
#include "nn/core/error.h"

namespace nn {

namespace detail {
/// What a kernel runs on is read off its tensors; other arguments (numbers, options) have no device.
template <class T>
concept HasDevice = requires(const T& t) {
  t.device();
  t.defined();
};
/// A struct of tensors among the arguments names them: `auto tensors() const { return std::tie(scale, shift); }`.
template <class T>
concept HasTensors = requires(const T& t) {
  t.tensors();
};
}  // namespace detail

template <class Signature>
class Kernel;

template <class... Args>
class Kernel<void(Args...)> {
 public:
  using Function = void (*)(Args...);

  constexpr Kernel(const char* name, Function cpu) : name_(name), functions_{cpu, nullptr} {}

  /// Runs on the device of the tensors given, which must be one.
  void operator()(Args... args) const {
    const Device device = common_device(args...);
    const Function function = functions_[static_cast<int>(device)];
    NN_CHECK(function != nullptr, "[", name_, "] has no kernel for device ", device);
    function(args...);
  }

  void set(Device device, Function function) { functions_[static_cast<int>(device)] = function; }
  bool filled(Device device) const { return functions_[static_cast<int>(device)] != nullptr; }
  const char* name() const { return name_; }

 private:
  Device common_device(const std::remove_reference_t<Args>&... args) const {
    Found found;
    (look(args, found), ...);
    return found.device;
  }

  /// The device of the tensors seen so far.
  struct Found {
    bool any = false;
    Device device = Device::cpu;
  };
  template <class Argument>
  void look(const Argument& argument, Found& found) const {
    if constexpr (detail::HasTensors<Argument>) {
      std::apply([&](const auto&... tensors) { (look(tensors, found), ...); }, argument.tensors());
    } else if constexpr (detail::HasDevice<Argument>) {
      if (!argument.defined()) return;
      NN_CHECK(!found.any || argument.device() == found.device, "[", name_, "] tensors on both ", found.device, " and ",
               argument.device());
      found = {true, argument.device()};
    }
  }

  const char* name_;
  Function functions_[device_count];
};

/// A slot's name and which devices fill it, for `falx info` and the slot test.
struct KernelSlot {
  const char* name;
  bool filled[device_count];
};
/// Every slot of the program, in alphabetical order.
std::vector<KernelSlot> kernel_slots();

namespace detail {
using SlotReader = KernelSlot (*)();
/// Enters a slot into the list of kernel_slots(); one static object per slot.
struct ListedKernel {
  explicit ListedKernel(SlotReader reader);
};
}  // namespace detail
}  // namespace nn

/// Defines a slot that a header of nn/kernels declares, with its CPU function. The slot itself is constant-initialised,
/// so that cuda/ may fill its half from a static object of any other file.
#define NN_DEFINE_KERNEL(slot, cpu_function)                                                           \
  constinit decltype(slot) slot{#slot, cpu_function};                                                  \
  static const nn::detail::ListedKernel listed_##slot([] {                                             \
    return nn::KernelSlot{slot.name(), {slot.filled(nn::Device::cpu), slot.filled(nn::Device::cuda)}}; \
  })

/// Fills the other half of a slot, in a file of another backend: NN_FILL_KERNEL(relu_forward, nn::Device::cuda,
/// forward)
#define NN_FILL_KERNEL(slot, device, function) \
  [[maybe_unused]] static const bool filled_##slot = (slot.set(device, function), true)
