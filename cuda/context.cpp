#include "cuda/context.h"

#include "cuda/check.h"
#include "nn/core/allocator.h"

namespace cuda {

Context::Context() {
  int device = 0;
  CUDA_CHECK(cudaGetDevice(&device));
  CUDA_CHECK(cudaGetDeviceProperties(&properties_, device));
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  CUDA_CHECK(cudaStreamCreateWithFlags(&copy_stream_, cudaStreamNonBlocking));
  CUDA_CHECK(cudnnCreate(&cudnn_));
  CUDA_CHECK(cudnnSetStream(cudnn_, stream_));
  CUDA_CHECK(cublasLtCreate(&cublas_));
}

Context& context() {
  static auto* instance = new Context;  // never destroyed: tensors of static objects may outlive it
  return *instance;
}

Workspace::Workspace(std::size_t bytes) : bytes_(bytes) {
  if (bytes > 0) data_ = nn::allocator(nn::Device::cuda).allocate(bytes);
}

Workspace::~Workspace() {
  if (data_ != nullptr) nn::allocator(nn::Device::cuda).deallocate(data_, bytes_);
}

}  // namespace cuda
