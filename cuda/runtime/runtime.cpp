// The DeviceRuntime of the GPU. Entering it calls nothing of CUDA: a program that does not ask for the GPU does not pay
// for it.
#include "cuda/runtime/availability.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/copy.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/step_graph.h"
#include "cuda/runtime/transfer.h"
#include "nn/core/device_runtime.h"

namespace cuda {
namespace {

class Runtime final : public nn::DeviceRuntime {
 public:
  const std::string& why_unavailable() override {
    static const std::string reason = cuda::why_unavailable(this_machine());
    return reason;
  }

  std::string description() override {
    const cudaDeviceProp& gpu = context().properties();
    const Machine machine = this_machine();
    return nn::message(gpu.name, ", ", gpu.totalGlobalMem >> 20U, " MiB, compute capability ", gpu.major, ".",
                       gpu.minor, ", driver for CUDA ", cuda_version_text(machine.driver), ", CUDA runtime ",
                       cuda_version_text(machine.toolkit), ", cuDNN ", cudnn_version_text(machine.cudnn_found));
  }

  nn::Allocator& memory() override { return device_memory(); }
  nn::Allocator& pinned_memory() override { return cuda::pinned_memory(); }

  void copy(const nn::RowCopy& copy) override {
    const bool host_waits = touches_ordinary_host_memory(copy);
    NN_CHECK(!host_waits || !context().recording(),
             "[copy] a step that is recorded cannot copy to or from ordinary host memory");
    queue_copy(copy, context().stream());
    if (host_waits) CUDA_CHECK(cudaStreamSynchronize(context().stream()));
  }

  void clear(void* to, std::size_t bytes) override {
    if (bytes > 0) CUDA_CHECK(cudaMemsetAsync(to, 0, bytes, context().stream()));
  }

  void synchronize() override {
    CUDA_CHECK(cudaStreamSynchronize(context().copy_stream()));
    CUDA_CHECK(cudaStreamSynchronize(context().stream()));
  }

  std::unique_ptr<nn::Transfer> make_transfer() override { return cuda::make_transfer(); }
  std::unique_ptr<nn::StepGraph> make_step_graph() override { return cuda::make_step_graph(); }
  void configure(const nn::DeviceOptions& options) override { context().set_options(options); }
};

[[maybe_unused]] const bool entered = [] {
  static auto* runtime = new Runtime;  // never destroyed: tensors of static objects may outlive it
  nn::set_runtime(nn::Device::cuda, runtime);
  return true;
}();

}  // namespace
}  // namespace cuda
