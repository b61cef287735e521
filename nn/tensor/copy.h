// Moving bytes: within a device, and the only way between devices. A copy is always a line of code, never hidden.
#pragma once

#include <cstddef>

#include "nn/tensor/tensor.h"

namespace nn {

/// Contiguous copy with its own memory on `device`; `tensor` itself if it is there already.
Tensor to_device(const Tensor& tensor, Device device);
/// Contiguous copy with its own memory on the same device.
Tensor clone(const Tensor& tensor);
/// Same shape and dtype, any pitches, any devices.
void copy_into(const Tensor& source, const Tensor& destination);

/// Copies rows of `row_bytes`, the pitches in bytes, between devices. cuda/ enters its own for all pairs but CPU to
/// CPU.
using CopyFunction = void (*)(void* to, std::size_t to_pitch, Device to_device, const void* from,
                              std::size_t from_pitch, Device from_device, std::size_t row_bytes, std::size_t rows);
void set_copy_function(CopyFunction function);
using ClearFunction = void (*)(void* to, std::size_t bytes);
void set_clear_function(ClearFunction function);
/// Fills with zero bytes.
void clear_bytes(void* to, std::size_t bytes, Device device);

}  // namespace nn
