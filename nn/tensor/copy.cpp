#include "nn/tensor/copy.h"

#include <cstring>

namespace nn {

void clear_bytes(void* to, std::size_t bytes, Device device) {
  if (device == Device::cpu) {
    std::memset(to, 0, bytes);
  } else {
    require_runtime(device).clear(to, bytes);
  }
}

RowCopy row_copy(const Tensor& source, const Tensor& destination) {
  NN_CHECK(source.shape() == destination.shape(), "[copy] from shape ", source.shape(), " to ", destination.shape());
  NN_CHECK(source.dtype() == destination.dtype(), "[copy] from ", source.dtype(), " to ", destination.dtype());
  const std::size_t element = size_of(source.dtype());
  const bool flat = source.contiguous() && destination.contiguous();
  return {.to = destination.raw(),
          .to_pitch = static_cast<std::size_t>(destination.pitch()) * element,
          .to_device = destination.device(),
          .from = source.raw(),
          .from_pitch = static_cast<std::size_t>(source.pitch()) * element,
          .from_device = source.device(),
          .row_bytes = static_cast<std::size_t>(flat ? source.elements() : source.c()) * element,
          .rows = static_cast<std::size_t>(flat ? 1 : source.rows())};
}

void copy_into(const Tensor& source, const Tensor& destination) {
  const RowCopy copy = row_copy(source, destination);
  const Device device = copy.to_device == Device::cpu ? copy.from_device : copy.to_device;
  if (device != Device::cpu) {
    require_runtime(device).copy(copy);
    return;
  }
  for (std::size_t r = 0; r < copy.rows; ++r) {
    std::memcpy(static_cast<char*>(copy.to) + r * copy.to_pitch,
                static_cast<const char*>(copy.from) + r * copy.from_pitch, copy.row_bytes);
  }
}

Tensor clone(const Tensor& tensor) {
  Tensor copy = Tensor::empty(tensor.shape(), tensor.dtype(), tensor.device());
  copy_into(tensor, copy);
  return copy;
}

Tensor to_device(const Tensor& tensor, Device device) {
  if (tensor.device() == device) return tensor;
  Tensor copy = Tensor::empty(tensor.shape(), tensor.dtype(), device);
  copy_into(tensor, copy);
  return copy;
}

}  // namespace nn
