// Moving bytes: within a device, and the only way between devices. A copy is always a line of code, never hidden.
#pragma once

#include <cstddef>

#include "nn/core/device_runtime.h"
#include "nn/tensor/tensor.h"

namespace nn {

/// Contiguous copy with its own memory on `device`; `tensor` itself if it is there already.
Tensor to_device(const Tensor& tensor, Device device);
/// Contiguous copy with its own memory on the same device.
Tensor clone(const Tensor& tensor);
/// Same shape and dtype, any pitches, any devices.
void copy_into(const Tensor& source, const Tensor& destination);
/// The copy that copy_into makes, for a Transfer (nn/core/device_runtime.h): same shape and dtype, any pitches.
RowCopy row_copy(const Tensor& source, const Tensor& destination);

/// Fills with zero bytes.
void clear_bytes(void* to, std::size_t bytes, Device device);

}  // namespace nn
