#include "cuda/runtime/context.h"

#include "cuda/runtime/check.h"
#include "cuda/runtime/memory.h"
#include "nn/core/allocator.h"

namespace cuda {

Context::Context() {
  int device = 0;
  CUDA_CHECK(cudaGetDevice(&device));
  CUDA_CHECK(cudaGetDeviceProperties(&properties_, device));
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  CUDA_CHECK(cudaStreamCreateWithFlags(&copy_stream_, cudaStreamNonBlocking));
}

bool Context::recording() const {
  cudaStreamCaptureStatus status{};
  CUDA_CHECK(cudaStreamIsCapturing(stream_, &status));
  return status != cudaStreamCaptureStatusNone;
}

cudnnHandle_t Context::cudnn() const {
  std::call_once(cudnn_made_, [this] {
    CUDA_CHECK(cudnnCreate(&cudnn_));
    CUDA_CHECK(cudnnSetStream(cudnn_, stream_));
  });
  return cudnn_;
}

cublasLtHandle_t Context::cublas() const {
  std::call_once(cublas_made_, [this] { CUDA_CHECK(cublasLtCreate(&cublas_)); });
  return cublas_;
}

Context& context() {
  static auto* instance = new Context;  // never destroyed: tensors of static objects may outlive it
  return *instance;
}

Workspace::Workspace(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  data_ = device_memory().allocate(bytes);
  nn::detail::count_allocation(nn::Device::cuda, bytes);
}

Workspace::~Workspace() {
  if (data_ == nullptr) return;
  device_memory().deallocate(data_, bytes_);
  nn::detail::count_deallocation(nn::Device::cuda, bytes_);
}

}  // namespace cuda
