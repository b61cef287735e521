#include "nn/kernels/conv.h"

namespace nn {

Shape conv2d_output_shape(const Shape& x, const Shape& w, const ConvGeometry& geometry) {
  const auto& [top, left, bottom, right] = geometry.padding;
  NN_CHECK(w.c == x.c, "[conv2d] weight ", w, " expects ", w.c, " input channels, x has ", x.c);
  NN_CHECK(geometry.stride_h > 0 && geometry.stride_w > 0, "[conv2d] strides must be positive, got ", geometry.stride_h,
           " and ", geometry.stride_w);
  NN_CHECK(top >= 0 && left >= 0 && bottom >= 0 && right >= 0, "[conv2d] padding must not be negative, got ", top, ", ",
           left, ", ", bottom, ", ", right);
  const std::int64_t h = x.h + top + bottom, width = x.w + left + right;
  NN_CHECK(w.h <= h && w.w <= width, "[conv2d] a kernel of ", w.h, " x ", w.w, " does not fit an input of ", h, " x ",
           width, " with its padding");
  return {x.n, (h - w.h) / geometry.stride_h + 1, (width - w.w) / geometry.stride_w + 1, w.n};
}

void check_conv2d(const char* kernel, const Tensor& x, const Tensor& w, const ConvGeometry& geometry, const Tensor& y,
                  DType w_dtype) {
  const Shape expected = conv2d_output_shape(x.shape(), w.shape(), geometry);
  NN_CHECK(y.shape() == expected, "[", kernel, "] expects an output of ", expected, ", got ", y.shape());
  NN_CHECK(x.dtype() == y.dtype() && w.dtype() == w_dtype, "[", kernel, "] expects types ", x.dtype(), ", ", w_dtype,
           " and ", x.dtype(), ", got ", x.dtype(), ", ", w.dtype(), " and ", y.dtype());
}

}  // namespace nn
