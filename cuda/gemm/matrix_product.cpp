#include "cuda/gemm/matrix_product.h"

#include "nn/core/error.h"

namespace cuda {
namespace {

using nn::DType;
using nn::Tensor;

void check_fits(const MatrixProduct& product) {
  const auto& [a, b, c, transpose_a, transpose_b, alpha, beta, bias, relu] = product;
  const std::int64_t rows = transpose_a ? a.columns : a.rows, inner_a = transpose_a ? a.rows : a.columns;
  const std::int64_t columns = transpose_b ? b.rows : b.columns, inner_b = transpose_b ? b.columns : b.rows;
  NN_CHECK(inner_a == inner_b && rows == c.rows && columns == c.columns, "[matrix product] ", rows, " x ", inner_a,
           " times ", inner_b, " x ", columns, " does not give ", c.rows, " x ", c.columns);
  NN_CHECK(a.dtype == b.dtype, "[matrix product] expects factors of one type, got ", a.dtype, " and ", b.dtype);
}

/// What is written has the type of what is read.
void check_one_type(const Tensor& read, const Tensor& written) {
  NN_CHECK(read.dtype() == written.dtype(), "[matrix product] of ", read.dtype(), " expects a result of ", read.dtype(),
           ", got ", written.dtype());
}

}  // namespace

Matrix matrix_of(const Tensor& t) {
  NN_CHECK(t.dtype() == DType::f32 || t.dtype() == DType::bf16,
           "[matrix product] the GPU computes f32 and bf16, the tensor is ", t.dtype());
  return {.data = t.raw(), .dtype = t.dtype(), .rows = t.rows(), .columns = t.c(), .row_stride = t.pitch()};
}

bool is_pointwise(const Tensor& w, const nn::ConvGeometry& geometry) {
  const auto& [top, left, bottom, right] = geometry.padding;
  return w.h() == 1 && w.w() == 1 && geometry.stride_h == 1 && geometry.stride_w == 1 && top == 0 && left == 0 &&
         bottom == 0 && right == 0;
}

MatrixProduct forward_product(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu, float beta,
                              const Tensor& y) {
  check_one_type(x, y);
  if (bias.defined()) {
    check_one_type(bias, y);
    NN_CHECK(bias.shape() == nn::vector_shape(y.c()), "[matrix product] expects a bias of ", y.c(), ", got ",
             bias.shape());
  }
  const MatrixProduct product{.a = matrix_of(x),
                              .b = matrix_of(w),
                              .c = matrix_of(y),
                              .transpose_b = true,
                              .beta = beta,
                              .bias = bias.defined() ? bias.raw() : nullptr,
                              .relu = relu};
  check_fits(product);
  return product;
}

MatrixProduct data_gradient_product(const Tensor& dy, const Tensor& w, const Tensor& dx, float beta) {
  check_one_type(dy, dx);
  const MatrixProduct product{.a = matrix_of(dy), .b = matrix_of(w), .c = matrix_of(dx), .beta = beta};
  check_fits(product);
  return product;
}

MatrixProduct weight_gradient_product(const Tensor& x, const Tensor& dy, const Tensor& dw, float beta) {
  NN_CHECK(dw.dtype() == DType::f32, "[matrix product] gradients of weights are f32, got ", dw.dtype());
  const MatrixProduct product{
      .a = matrix_of(dy), .b = matrix_of(x), .c = matrix_of(dw), .transpose_a = true, .beta = beta};
  check_fits(product);
  return product;
}

}  // namespace cuda
