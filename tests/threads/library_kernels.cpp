// What cuda/conv/conv.cpp and cuda/gemm/linear.cpp leave to cuDNN and cuBLASLt, by the CPU: so their own part runs
// without a GPU, what is packed and unpacked, filled up with zeros, written in place or added behind.
#include "cuda/conv/convolve.h"
#include "cuda/gemm/gemm.h"
#include "cuda/kernels/staging.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/cuda/gemm/host_gemm.h"

namespace cuda {
namespace {

using nn::Tensor;

/// An f32 copy on the CPU; undefined stays undefined.
Tensor on_cpu(const Tensor& t) {
  if (!t.defined()) return {};
  const Tensor host = nn::to_device(t, nn::Device::cpu);
  Tensor wide = Tensor::empty(t.shape());
  nn::cast(host, wide);
  return wide;
}

/// Rounds a result to the type of the device's tensor.
void give_back(const Tensor& result, const Tensor& to) {
  const Tensor rounded = Tensor::empty(to.shape(), to.dtype());
  nn::cast(result, rounded);
  nn::copy_into(rounded, to);
}

/// cuDNN's terms: dense tensors of one type, at addresses it can take, in bf16 channels in eights. Undefined ones are
/// left out.
void check(std::initializer_list<const Tensor*> tensors) {
  const nn::DType dtype = (*tensors.begin())->dtype();
  for (const Tensor* t : tensors) {
    if (!t->defined()) continue;
    NN_CHECK(is_dense(*t, t->c()) && t->dtype() == dtype && t->c() == computed_channels(t->c(), dtype),
             "[convolve] cuDNN does not take ", t->shape(), " ", t->dtype(), " with pitch ", t->pitch());
  }
}

}  // namespace

void convolve_forward(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu, const nn::ConvGeometry& geometry,
                      const Tensor& y) {
  check({&x, &w, &bias, &y});
  NN_CHECK(bias.defined() || !relu, "[convolve] there is no ReLU without a bias");
  NN_CHECK(!bias.defined() || bias.shape() == nn::vector_shape(y.c()), "[convolve] expects a bias ",
           nn::vector_shape(y.c()), ", got ", bias.shape());
  const Tensor result = Tensor::empty(y.shape());
  nn::conv2d_forward(on_cpu(x), on_cpu(w), {}, {.bias = on_cpu(bias), .relu = relu}, geometry, result);
  give_back(result, y);
}

void convolve_backward_data(const Tensor& dy, const Tensor& w, const nn::ConvGeometry& geometry, const Tensor& dx,
                            float beta) {
  check({&dy, &w, &dx});
  const Tensor result = on_cpu(dx);
  nn::conv2d_backward_data(on_cpu(dy), on_cpu(w), geometry, result, beta);
  give_back(result, dx);
}

void convolve_backward_weights(const Tensor& x, const Tensor& dy, const nn::ConvGeometry& geometry, const Tensor& dw,
                               float beta) {
  check({&x, &dy, &dw});
  const Tensor result = on_cpu(dw);
  nn::conv2d_backward_weights(on_cpu(x), on_cpu(dy), {}, geometry, result, beta);
  give_back(result, dw);
}

void multiply(const MatrixProduct& product) { test::multiply_on_host(product); }
bool relu_keeps_nan(nn::DType dtype) { return dtype == nn::DType::f32; }  // so that both ways are run

}  // namespace cuda
