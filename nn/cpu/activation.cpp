#include "nn/kernels/activation.h"

#include "nn/cpu/loops/elementwise.h"
#include "nn/functors/activation.h"

namespace nn {
namespace cpu {
namespace {

void relu_forward(const Tensor& x, const Tensor& y) { unary("relu", functors::Relu{}, x, y); }
void relu_backward(const Tensor& y, const Tensor& dy, const Tensor& dx, float beta) {
  binary("relu_backward", functors::ReluBackward{}, y, dy, dx, beta);
}

void sigmoid_forward(const Tensor& x, const Tensor& y) { unary("sigmoid", functors::Sigmoid{}, x, y); }
void sigmoid_backward(const Tensor& y, const Tensor& dy, const Tensor& dx, float beta) {
  binary("sigmoid_backward", functors::SigmoidBackward{}, y, dy, dx, beta);
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(relu_forward, cpu::relu_forward);
NN_DEFINE_KERNEL(relu_backward, cpu::relu_backward);
NN_DEFINE_KERNEL(sigmoid_forward, cpu::sigmoid_forward);
NN_DEFINE_KERNEL(sigmoid_backward, cpu::sigmoid_backward);

}  // namespace nn
