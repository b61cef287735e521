// What a device other than the CPU brings besides its kernels: memory, copies, order, recorded steps. cuda/ enters its
// own when it is loaded; nobody else knows more of it than this.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "nn/core/allocator.h"
#include "nn/core/device.h"

namespace nn {

/// `rows` pieces of `row_bytes`, their starts `pitch` bytes apart on each side.
struct RowCopy {
  void* to = nullptr;
  std::size_t to_pitch = 0;
  Device to_device = Device::cpu;
  const void* from = nullptr;
  std::size_t from_pitch = 0;
  Device from_device = Device::cpu;
  std::size_t row_bytes = 0, rows = 1;
};

/// Copies between page-locked host memory and the device that the host does not wait for.
///
///   transfer.upload(batch);          // beside the kernels that are queued already
///   transfer.before_next_kernels();  // kernels queued from now on see it
///   transfer.download(loss);         // when the kernels queued so far are done
///   transfer.wait();                 // now the host may read the loss and write the batch's memory again
class Transfer {
 public:
  virtual ~Transfer() = default;
  /// Waits for no kernel: those queued already must be done with the destination, or not know it.
  virtual void upload(const RowCopy& copy) = 0;
  virtual void before_next_kernels() = 0;
  virtual void download(const RowCopy& copy) = 0;
  virtual void wait() = 0;
};

/// A step that is recorded once and run again and again on the same memory: a CUDA graph.
class StepGraph {
 public:
  virtual ~StepGraph() = default;
  /// Records the kernels and copies that `step` queues on the device; they are not run. What differs from one replay to
  /// the next must lie in device memory. `step` may neither wait for the device nor read from it. Tensors that it makes
  /// come from memory of the graph's own, which stays as it is until the graph goes; tensors that it uses must live as
  /// long as the graph. After an exception nothing is captured and the device goes on working.
  virtual void capture(const std::function<void()>& step) = 0;
  virtual bool captured() const = 0;
  /// Queues the recorded step.
  virtual void replay() = 0;
};

struct DeviceOptions {
  bool deterministic = true;    // the same bits in every run; false: faster kernels whose sums come in any order
  bool tensor_float32 = false;  // products of f32 with 10 bits of mantissa (TF32), as tensor cores take them
  bool autotune = false;        // time every way to compute a convolution at its first use and keep the fastest
};

class DeviceRuntime {
 public:
  virtual ~DeviceRuntime() = default;

  /// Empty if there is a device to compute on; otherwise why not, as part of a sentence: "no NVIDIA driver is
  /// installed".
  virtual const std::string& why_unavailable() = 0;
  /// For people: the device's name and memory, versions of driver and libraries.
  virtual std::string description() = 0;

  virtual Allocator& memory() = 0;
  /// Page-locked memory of the host: the only kind that copies without the host waiting.
  virtual Allocator& pinned_memory() = 0;

  /// In order with the kernels. What touches ordinary host memory is done when it returns, other copies are queued.
  virtual void copy(const RowCopy& copy) = 0;
  /// Zero bytes; in order with the kernels.
  virtual void clear(void* to, std::size_t bytes) = 0;
  /// Waits until everything queued is done.
  virtual void synchronize() = 0;

  virtual std::unique_ptr<Transfer> make_transfer() = 0;
  virtual std::unique_ptr<StepGraph> make_step_graph() = 0;
  virtual void configure(const DeviceOptions& options) = 0;
};

/// cuda/ enters its own from a static object.
void set_runtime(Device device, DeviceRuntime* runtime);
/// Null for the CPU and for a device that this program was built without.
DeviceRuntime* runtime(Device device);
/// The runtime of a device that can be used; otherwise an error that says why not and what to do.
DeviceRuntime& require_runtime(Device device);
/// True for the CPU, and for a device that is there and can be used.
bool has_device(Device device);
/// Waits until the device has done everything queued. Nothing on the CPU.
void synchronize(Device device);

}  // namespace nn
