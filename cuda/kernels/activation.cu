#include "nn/kernels/activation.h"

#include "cuda/launch/elementwise.cuh"
#include "nn/functors/activation.h"

namespace cuda {
namespace {

using nn::Tensor;
namespace functors = nn::functors;

void relu_forward(const Tensor& x, const Tensor& y) { map("relu", functors::Relu{}, 0, y, x); }
void relu_backward(const Tensor& y, const Tensor& dy, const Tensor& dx, float beta) {
  map("relu_backward", functors::ReluBackward{}, beta, dx, y, dy);
}

void sigmoid_forward(const Tensor& x, const Tensor& y) { map("sigmoid", functors::Sigmoid{}, 0, y, x); }
void sigmoid_backward(const Tensor& y, const Tensor& dy, const Tensor& dx, float beta) {
  map("sigmoid_backward", functors::SigmoidBackward{}, beta, dx, y, dy);
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(relu_forward, Device::cuda, cuda::relu_forward);
NN_FILL_KERNEL(relu_backward, Device::cuda, cuda::relu_backward);
NN_FILL_KERNEL(sigmoid_forward, Device::cuda, cuda::sigmoid_forward);
NN_FILL_KERNEL(sigmoid_backward, Device::cuda, cuda::sigmoid_backward);

}  // namespace nn
