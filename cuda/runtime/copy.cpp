#include "cuda/runtime/copy.h"

#include "cuda/runtime/check.h"

namespace cuda {
namespace {

cudaMemcpyKind kind(const nn::RowCopy& copy) {
  const bool to_device = copy.to_device == nn::Device::cuda;
  if (copy.from_device == nn::Device::cuda) return to_device ? cudaMemcpyDeviceToDevice : cudaMemcpyDeviceToHost;
  return to_device ? cudaMemcpyHostToDevice : cudaMemcpyHostToHost;
}

bool is_ordinary(const void* memory) {
  cudaPointerAttributes attributes{};
  CUDA_CHECK(cudaPointerGetAttributes(&attributes, memory));
  return attributes.type == cudaMemoryTypeUnregistered;
}

}  // namespace

void queue_copy(const nn::RowCopy& copy, cudaStream_t stream) {
  const auto& [to, to_pitch, to_device, from, from_pitch, from_device, row_bytes, rows] = copy;
  if (row_bytes == 0 || rows == 0) return;
  const bool dense = rows == 1 || (to_pitch == row_bytes && from_pitch == row_bytes);
  if (dense) {
    CUDA_CHECK(cudaMemcpyAsync(to, from, row_bytes * rows, kind(copy), stream));
  } else {
    CUDA_CHECK(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, row_bytes, rows, kind(copy), stream));
  }
}

bool touches_ordinary_host_memory(const nn::RowCopy& copy) {
  if (copy.row_bytes == 0 || copy.rows == 0) return false;
  return (copy.to_device == nn::Device::cpu && is_ordinary(copy.to)) ||
         (copy.from_device == nn::Device::cpu && is_ordinary(copy.from));
}

}  // namespace cuda
