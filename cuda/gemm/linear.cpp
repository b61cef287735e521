// Fully connected layers: one matrix product each, the bias added as it is written.
#include "nn/kernels/linear.h"

#include "cuda/gemm/gemm.h"

namespace cuda {
namespace {

using nn::Tensor;

void linear_forward(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& y) {
  multiply(forward_product(x, w, b, /*relu=*/false, /*beta=*/0, y));
}

void linear_backward_data(const Tensor& dy, const Tensor& w, const Tensor& dx, float beta) {
  multiply(data_gradient_product(dy, w, dx, beta));
}

void linear_backward_weights(const Tensor& x, const Tensor& dy, const Tensor& dw, float beta) {
  multiply(weight_gradient_product(x, dy, dw, beta));
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(linear_forward, Device::cuda, cuda::linear_forward);
NN_FILL_KERNEL(linear_backward_data, Device::cuda, cuda::linear_backward_data);
NN_FILL_KERNEL(linear_backward_weights, Device::cuda, cuda::linear_backward_weights);

}  // namespace nn
