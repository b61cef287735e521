#include "nn/tensor/copy.h"

#include <cstring>

namespace nn {
namespace {

CopyFunction copy_function = nullptr;
ClearFunction clear_function = nullptr;

}  // namespace

void set_copy_function(CopyFunction function) { copy_function = function; }
void set_clear_function(ClearFunction function) { clear_function = function; }

void clear_bytes(void* to, std::size_t bytes, Device device) {
  if (device == Device::cpu) {
    std::memset(to, 0, bytes);
  } else {
    NN_CHECK(clear_function != nullptr, "[clear] no device ", device, " in this program");
    clear_function(to, bytes);
  }
}

void copy_into(const Tensor& source, const Tensor& destination) {
  NN_CHECK(source.shape() == destination.shape(), "[copy] from shape ", source.shape(), " to ", destination.shape());
  NN_CHECK(source.dtype() == destination.dtype(), "[copy] from ", source.dtype(), " to ", destination.dtype());
  const std::size_t element = size_of(source.dtype());
  const bool flat = source.contiguous() && destination.contiguous();
  const auto rows = static_cast<std::size_t>(flat ? 1 : source.rows());
  const auto row_bytes = static_cast<std::size_t>(flat ? source.elements() : source.c()) * element;
  const auto from_pitch = static_cast<std::size_t>(source.pitch()) * element;
  const auto to_pitch = static_cast<std::size_t>(destination.pitch()) * element;
  if (source.device() == Device::cpu && destination.device() == Device::cpu) {
    for (std::size_t r = 0; r < rows; ++r) {
      std::memcpy(static_cast<char*>(destination.raw()) + r * to_pitch,
                  static_cast<const char*>(source.raw()) + r * from_pitch, row_bytes);
    }
    return;
  }
  NN_CHECK(copy_function != nullptr, "[copy] from ", source.device(), " to ", destination.device(),
           ": no such device in this program");
  copy_function(destination.raw(), to_pitch, destination.device(), source.raw(), from_pitch, source.device(), row_bytes,
                rows);
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
