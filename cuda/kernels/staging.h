// cuDNN's convolutions want dense tensors at addresses that are multiples of 16 bytes, and its tensor cores channels in
// eights. What is not so passes through scratch memory: gather() packs a tensor on the way in, normalises it if there
// is a prologue and fills up with zeros; scatter() unpacks a result on the way out.
#pragma once

#include <cstdint>

#include "cuda/launch/launch.h"
#include "nn/kernels/conv.h"
#include "nn/tensor/tensor.h"

namespace cuda {

/// The channels a convolution is computed with: c, in bf16 rounded up to a multiple of 8.
constexpr std::int64_t computed_channels(std::int64_t c, nn::DType dtype) {
  return dtype == nn::DType::bf16 ? (c + 7) / 8 * 8 : c;
}

/// The shapes that a convolution is computed with: an image's, and its weights'.
constexpr nn::Shape computed_image(const nn::Shape& image, nn::DType dtype) {
  return {image.n, image.h, image.w, computed_channels(image.c, dtype)};
}
constexpr nn::Shape computed_weights(const nn::Shape& w, nn::DType dtype) {
  return {computed_channels(w.n, dtype), w.h, w.w, computed_channels(w.c, dtype)};
}

/// True if cuDNN can take the tensor where it lies, as one with so many channels.
inline bool is_dense(const nn::Tensor& t, std::int64_t channels) {
  return t.contiguous() && t.c() == channels && reinterpret_cast<std::uintptr_t>(t.raw()) % vector_bytes == 0;
}

/// z = relu?(x * scale + shift) in the rows and channels that x has, zeros in the others. z {n', h, w, c'} has x's type
/// and any pitch; it may be x itself. One pass, which reads x and writes z; where there is both a prologue and
/// something to fill up, a second one reads and writes x's part of z.
void gather(const nn::Tensor& x, const nn::ConvPrologue& prologue, const nn::Tensor& z);

/// y = x + beta * y, in the rows and channels that y has, any pitches; y has x's type or is f32. With beta 0, y is not
/// read.
void scatter(const nn::Tensor& x, const nn::Tensor& y, float beta);

}  // namespace cuda
