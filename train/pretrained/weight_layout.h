// Reordering of stored arrays: from Keras' order of dimensions to PyTorch's. All f32, copied.
#pragma once

#include <cstdint>

#include "io/files/safetensors.h"

namespace train {

/// A convolution's kernel: {height, width, in, out} -> {out, in, height, width}.
io::StoredTensor hwio_to_oihw(const io::StoredTensor& kernel);

/// A dense layer's kernel: {in, out} -> {out, in}.
io::StoredTensor transposed(const io::StoredTensor& kernel);

/// The columns of {out, in} where `in` is a flattened feature map: Keras flattens (height, width, channels), PyTorch
/// (channels, height, width).
io::StoredTensor columns_hwc_to_chw(const io::StoredTensor& weight, std::int64_t height, std::int64_t width,
                                    std::int64_t channels);

/// The same array with every value as f32, from f64, bf16 or f16. Throws nn::Error naming the tensor for other types.
io::StoredTensor as_f32(io::StoredTensor tensor);

}  // namespace train
