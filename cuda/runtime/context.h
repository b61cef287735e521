// What every kernel of the backend needs: the device, its stream, the libraries' handles, a workspace. There is one, of
// the process's current device, made at its first use.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <cstddef>
#include <mutex>

#include "nn/core/device_runtime.h"

namespace cuda {

class Context {
 public:
  Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Kernels, and copies in order with them.
  cudaStream_t stream() const { return stream_; }
  /// Uploads beside the kernels.
  cudaStream_t copy_stream() const { return copy_stream_; }
  /// True while a step is recorded: what is queued on stream() is noted, not run.
  bool recording() const;

  /// The libraries' handles, made at their first use: each takes time and memory of the device. cuDNN's queues on
  /// stream().
  cudnnHandle_t cudnn() const;
  cublasLtHandle_t cublas() const;

  const cudaDeviceProp& properties() const { return properties_; }
  const nn::DeviceOptions& options() const { return options_; }
  void set_options(const nn::DeviceOptions& options) { options_ = options; }

 private:
  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr, copy_stream_ = nullptr;
  nn::DeviceOptions options_{};

  mutable std::once_flag cudnn_made_, cublas_made_;
  mutable cudnnHandle_t cudnn_ = nullptr;
  mutable cublasLtHandle_t cublas_ = nullptr;
};

/// An error if there is no device.
Context& context();

/// Scratch memory of one kernel call, from the caching allocator. On one stream it may go back at the end of the
/// function that queued the kernel: the next owner's kernels run later.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  void* data_ = nullptr;  // null for 0 bytes
};

}  // namespace cuda
