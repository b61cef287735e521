#include "nn/kernels/normalize_conv.h"

namespace nn {

void normalize_conv2d_backward_by_parts(const Tensor& x, const NormalizeParameters& parameters, const Tensor& w,
                                        const Tensor& dy, const ConvGeometry& geometry,
                                        const NormalizeGradients& gradients, const Tensor& dw, float beta) {
  const Tensor z = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (dw.defined()) {
    normalize_forward(x, parameters, z);
    conv2d_backward_weights(z, dy, {}, geometry, dw, beta);
  }
  if (!gradients.wanted()) return;
  const Tensor& dz = z;  // z is done with, its memory serves once more
  conv2d_backward_data(dy, w, geometry, dz, 0);
  normalize_backward(x, dz, parameters, gradients);
}

}  // namespace nn
