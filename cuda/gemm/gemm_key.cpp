#include "cuda/gemm/gemm_key.h"

#include <bit>

namespace cuda {
namespace {

constexpr std::uintptr_t largest_alignment = 256;

/// A row-major matrix as its column-major transpose.
ColumnMajorMatrix column_major(const Matrix& m) {
  return {.dtype = m.dtype,
          .rows = m.columns,
          .columns = m.rows,
          .leading_dimension = m.row_stride,
          .alignment = alignment_of(m.data)};
}

std::ostream& operator<<(std::ostream& out, const ColumnMajorMatrix& m) {
  return out << m.dtype << " ld " << m.leading_dimension << " align " << m.alignment;
}

}  // namespace

int alignment_of(const void* address) {
  return 1 << std::countr_zero(reinterpret_cast<std::uintptr_t>(address) | largest_alignment);
}

GemmKey gemm_key(const MatrixProduct& product, const nn::DeviceOptions& options) {
  return {.a = column_major(product.b),
          .b = column_major(product.a),
          .d = column_major(product.c),
          .transpose_a = product.transpose_b,
          .transpose_b = product.transpose_a,
          .relu = product.relu,
          .bias_alignment = product.bias == nullptr ? 0 : alignment_of(product.bias),
          .deterministic = options.deterministic,
          .tensor_float32 = options.tensor_float32 && product.a.dtype == nn::DType::f32};
}

std::ostream& operator<<(std::ostream& out, const GemmKey& key) {
  out << key.m() << " x " << key.n() << " x " << key.k() << ", A " << key.a << (key.transpose_a ? " transposed" : "")
      << ", B " << key.b << (key.transpose_b ? " transposed" : "") << ", D " << key.d;
  if (key.has_bias()) out << ", bias align " << key.bias_alignment;
  if (key.relu) out << ", relu";
  if (key.deterministic) out << ", deterministic";
  if (key.tensor_float32) out << ", tf32";
  return out;
}

}  // namespace cuda
