// A fully connected layer is a 1x1 convolution of one-pixel images.
#include "nn/kernels/linear.h"

#include "nn/kernels/conv.h"

namespace nn {
namespace cpu {
namespace {

void forward(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& y) {
  conv2d_forward(x, w, {}, {.bias = b}, {}, y);
}
void backward_data(const Tensor& dy, const Tensor& w, const Tensor& dx, float beta) {
  conv2d_backward_data(dy, w, {}, dx, beta);
}
void backward_weights(const Tensor& x, const Tensor& dy, const Tensor& dw, float beta) {
  conv2d_backward_weights(x, dy, {}, {}, dw, beta);
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(linear_forward, cpu::forward);
NN_DEFINE_KERNEL(linear_backward_data, cpu::backward_data);
NN_DEFINE_KERNEL(linear_backward_weights, cpu::backward_weights);

}  // namespace nn
