// Matrix products on a GPU against the same products on the CPU in f64. Skipped where there is none.
#include "cuda/gemm/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/core/philox.h"
#include "nn/tensor/copy.h"
#include "tests/cuda/gemm/host_gemm.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using cuda::MatrixProduct;
using nn::Device;
using nn::DType;
using nn::Tensor;

/// Normal numbers, rounded to the type: {rows, 1, 1, columns} on the CPU.
Tensor random(std::int64_t rows, std::int64_t columns, DType dtype, std::uint64_t seed) {
  nn::Random random(seed);
  const std::vector<double> drawn = test::normal()(rows * columns, random);
  Tensor t = Tensor::empty(nn::matrix_shape(rows, columns), dtype);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const auto value = static_cast<float>(drawn[i]);
    if (dtype == DType::f32) {
      t.data<float>()[i] = value;
    } else {
      t.data<nn::bfloat16>()[i] = nn::bfloat16(value);
    }
  }
  return t;
}

Tensor copy_on(const Tensor& t, Device device) {
  Tensor copied = Tensor::empty(t.shape(), t.dtype(), device);
  nn::copy_into(t, copied);
  return copied;
}

/// A product of columns of wider matrices: three elements to the left, two to the right.
struct Case {
  std::int64_t rows, inner, columns;
  DType factors, result;
  bool transpose_a, transpose_b, bias, relu;
  float beta;
};

struct Operands {
  explicit Operands(const Case& of)
      : a(random(of.transpose_a ? of.inner : of.rows, (of.transpose_a ? of.rows : of.inner) + 5, of.factors, 1)),
        b(random(of.transpose_b ? of.columns : of.inner, (of.transpose_b ? of.inner : of.columns) + 5, of.factors, 2)),
        c(random(of.rows, of.columns + 5, of.result, 3)),
        bias(random(1, of.columns, of.result, 4)) {}
  Operands(const Operands& other, Device device)
      : a(copy_on(other.a, device)),
        b(copy_on(other.b, device)),
        c(copy_on(other.c, device)),
        bias(copy_on(other.bias, device)) {}

  MatrixProduct product(const Case& of) const {
    const auto inside = [](const Tensor& t) { return cuda::matrix_of(t.channel_range(3, t.c() - 2)); };
    return {.a = inside(a),
            .b = inside(b),
            .c = inside(c),
            .transpose_a = of.transpose_a,
            .transpose_b = of.transpose_b,
            .beta = of.beta,
            .bias = of.bias ? bias.raw() : nullptr,
            .relu = of.relu};
  }

  Tensor a, b, c, bias;
};

class Gemm : public testing::Test {
 protected:
  void SetUp() override {
    if (!nn::has_device(Device::cuda)) GTEST_SKIP() << "there is no GPU";
  }
  void TearDown() override {
    if (nn::has_device(Device::cuda)) nn::require_runtime(Device::cuda).configure({});
  }
  static void configure(const nn::DeviceOptions& options) { nn::require_runtime(Device::cuda).configure(options); }

  /// The whole of the wide result, on the CPU.
  static Tensor result(const Operands& operands, const Case& of) {
    const Operands on_gpu(operands, Device::cuda);
    cuda::multiply(on_gpu.product(of));
    return copy_on(on_gpu.c, Device::cpu);
  }
  static double error(const Case& of) {
    const Operands operands(of);
    const Tensor actual = result(operands, of);
    test::multiply_on_host(operands.product(of));
    return test::normalised_error(actual, operands.c);
  }
};

constexpr double rounding(DType dtype) { return dtype == DType::f32 ? 1.0 / (1 << 24) : 1.0 / (1 << 9); }

TEST_F(Gemm, ParityForEveryTypeTransposeAndEpilogue) {
  for (const auto& [factors, to] :
       {std::pair{DType::f32, DType::f32}, std::pair{DType::bf16, DType::bf16}, std::pair{DType::bf16, DType::f32}}) {
    for (int code = 0; code < 32; ++code) {
      const auto bit = [&](int i) { return ((code >> i) & 1) != 0; };
      const Case of{65, 37, 24, factors, to, bit(0), bit(1), bit(2), bit(3), bit(4) ? 0.5F : 0.0F};
      // One rounding to the result's type, and those of 37 sums in f32.
      EXPECT_LT(error(of), 1.01 * rounding(to) + 40 * rounding(DType::f32))
          << factors << " into " << to << ", " << code;
    }
  }
}

TEST_F(Gemm, ParityForLongSumsThatAreSplit) {
  // A weight gradient: few elements, sums over many pixels. Errors of f32 sums grow with the root of their number.
  const Case of{32, 20000, 64, DType::bf16, DType::f32, true, false, false, false, 1};
  for (const bool deterministic : {true, false}) {
    configure({.deterministic = deterministic});
    EXPECT_LT(error(of), std::sqrt(20000.0) * 4 * rounding(DType::f32));
  }
}

TEST_F(Gemm, ParityWithTensorFloat32) {
  configure({.tensor_float32 = true});
  const Case of{65, 37, 24, DType::f32, DType::f32, false, true, true, false, 0};
  EXPECT_LT(error(of), 2.0 / (1 << 11));  // both factors rounded to 10 bits of mantissa
}

TEST_F(Gemm, TheSameBitsTwice) {
  for (const DType to : {DType::bf16, DType::f32}) {
    const Case of{32, 20000, 64, DType::bf16, to, true, false, false, false, 1};
    const Operands operands(of);
    EXPECT_EQ(test::values_of(result(operands, of)), test::values_of(result(operands, of)));
  }
}

TEST_F(Gemm, TimingAlgorithmsLeavesTheResultToOneOfThem) {
  configure({.autotune = true});
  const Case of{128, 256, 64, DType::bf16, DType::bf16, false, true, true, false, 1};
  EXPECT_LT(error(of), 1.01 * rounding(DType::bf16) + 300 * rounding(DType::f32));
}

TEST_F(Gemm, BetaZeroDoesNotReadTheResult) {
  Case of{16, 8, 8, DType::bf16, DType::bf16, false, false, false, false, 0};
  Operands operands(of);
  for (std::int64_t i = 0; i < operands.c.elements(); ++i) {
    operands.c.data<nn::bfloat16>()[i] = nn::bfloat16(std::numeric_limits<float>::quiet_NaN());
  }
  const Tensor c = result(operands, of);
  for (std::int64_t row = 0; row < of.rows; ++row) {
    for (std::int64_t column = 0; column < of.columns; ++column) {
      EXPECT_FALSE(std::isnan(static_cast<float>(c.row<nn::bfloat16>(row)[3 + column])));
    }
  }
}

TEST_F(Gemm, NanGoesThroughReluToReachTheLoss) {
  const Case of{16, 8, 8, DType::bf16, DType::bf16, false, false, false, true, 0};
  const Operands operands(of);
  operands.a.data<nn::bfloat16>()[3] = nn::bfloat16(std::numeric_limits<float>::quiet_NaN());
  const Tensor c = result(operands, of);
  for (std::int64_t column = 0; column < of.columns; ++column) {
    EXPECT_TRUE(std::isnan(static_cast<float>(c.row<nn::bfloat16>(0)[3 + column])));
  }
}

TEST_F(Gemm, AProductIsCapturedInAStep) {
  const Case of{16, 64, 8, DType::bf16, DType::bf16, false, true, true, true, 0};
  const Operands operands(of), on_gpu(operands, Device::cuda);
  const Tensor expected = result(operands, of);  // the algorithm is chosen and loaded
  const auto graph = nn::require_runtime(Device::cuda).make_step_graph();
  graph->capture([&] { cuda::multiply(on_gpu.product(of)); });
  graph->replay();
  nn::synchronize(Device::cuda);
  EXPECT_EQ(test::values_of(copy_on(on_gpu.c, Device::cpu)), test::values_of(expected));
}

}  // namespace
