// Convolutions on a GPU against the CPU's: whole and as slices of channels, few channels, everything before and behind
// the product, f32 and bf16, by the first plan and by the fastest.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nn/kernels/conv.h"
#include "nn/kernels/fill.h"
#include "tests/cuda/with_gpu.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;

struct Case {
  const char* name;
  Shape x, w;
  nn::ConvGeometry geometry;
};
const Case cases[] = {
    {"3x3", {4, 14, 14, 64}, {32, 3, 3, 64}, {.padding = nn::pad(1)}},
    {"3x3 of 3 channels", {4, 16, 15, 3}, {16, 3, 3, 3}, {.padding = nn::pad(1)}},
    {"7x7 with stride 2", {2, 33, 30, 3}, {24, 7, 7, 3}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(3)}},
    {"2x2 with Keras's padding", {2, 9, 8, 16}, {16, 2, 2, 16}, {.padding = {.bottom = 1, .right = 1}}},
    {"odd numbers of channels", {3, 5, 7, 11}, {13, 3, 3, 11}, {.stride_h = 2, .padding = nn::pad(1)}},
    {"1x1", {4, 7, 7, 48}, {32, 1, 1, 48}, {}},
};

/// Numbers that are exact in bf16, on the CPU; the same for the same stream.
Tensor numbers(const Shape& shape, std::uint64_t stream) {
  nn::Random random(7, 0, stream);
  const Tensor drawn = Tensor::from<double>(shape, test::normal()(shape.elements(), random));
  const Tensor rounded = Tensor::empty(shape, DType::bf16);
  Tensor result = Tensor::empty(shape);
  nn::cast(drawn, rounded);
  nn::cast(rounded, result);
  return result;
}

/// Where and in which type a convolution runs.
struct Place {
  Device device = Device::cpu;
  DType dtype = DType::f32;
  bool slices = false;  // x and what is written are channels of wider buffers

  Tensor put(const Tensor& values, DType as, bool slice) const {
    const Tensor converted = Tensor::empty(values.shape(), as);
    nn::cast(values, converted);
    Shape wide = values.shape();
    if (slice) wide.c += 9;
    const Tensor buffer = nn::to_device(Tensor::zeros(wide, as), device);
    Tensor to = slice ? buffer.channel_range(5, 5 + values.c()) : buffer;
    nn::copy_into(converted, to);
    return to;
  }
  Tensor image(const Shape& shape, std::uint64_t stream) const { return put(numbers(shape, stream), dtype, slices); }
  Tensor weights(const Shape& shape, std::uint64_t stream) const { return put(numbers(shape, stream), dtype, false); }
  Tensor vector(std::int64_t c, std::uint64_t stream) const {
    return put(numbers(nn::vector_shape(c), stream), nn::full_precision(dtype), false);
  }
};

/// All three passes, with all that may stand before and behind them; beta 1.
std::vector<Tensor> compute(const Case& c, const Place& place) {
  const Shape y_shape = nn::conv2d_output_shape(c.x, c.w, c.geometry);
  const Tensor x = place.image(c.x, 1), w = place.weights(c.w, 2), dy = place.image(y_shape, 3);
  const nn::ConvPrologue prologue{.scale = place.vector(c.x.c, 4), .shift = place.vector(c.x.c, 5), .relu = true};
  const Tensor bias = place.weights(nn::vector_shape(c.w.n), 6);
  const Tensor scale = place.vector(c.w.n, 12), shift = place.vector(c.w.n, 13);
  const Tensor mean = place.vector(c.w.n, 7), variance = place.vector(c.w.n, 7);

  std::vector<Tensor> results;
  for (const float beta : {0.0F, 1.0F}) {
    const Tensor y = place.image(y_shape, 8), plain = place.image(y_shape, 9), scaled = place.image(y_shape, 14),
                 dx = place.image(c.x, 10);
    const Tensor without_bias = place.image(y_shape, 15), only_scale = place.image(y_shape, 16),
                 only_shift = place.image(y_shape, 17);
    const Tensor dw = place.put(numbers(c.w, 11), nn::full_precision(place.dtype), false);
    nn::conv2d_forward(x, w, prologue, {.bias = bias, .relu = true, .beta = beta, .mean = mean, .variance = variance},
                       c.geometry, y);
    nn::conv2d_forward(x, w, {}, {.beta = beta}, c.geometry, plain);
    nn::conv2d_forward(x, w, {}, {.bias = bias, .scale = scale, .shift = shift, .relu = true, .beta = beta}, c.geometry,
                       scaled);
    nn::conv2d_forward(x, w, {}, {.scale = scale, .shift = shift, .relu = true, .beta = beta}, c.geometry,
                       without_bias);  // as DenseNet's
    nn::conv2d_forward(x, w, {}, {.bias = bias, .scale = scale, .beta = beta}, c.geometry, only_scale);
    nn::conv2d_forward(x, w, {}, {.shift = shift, .beta = beta}, c.geometry, only_shift);
    nn::conv2d_backward_data(dy, w, c.geometry, dx, beta);
    nn::conv2d_backward_weights(x, dy, prologue, c.geometry, dw, beta);
    results.insert(results.end(), {y, plain, scaled, without_bias, only_scale, only_shift, dx, dw});
  }
  results.insert(results.end(), {mean, variance});
  return results;
}

class CudaConvolution : public test::WithGpu {
 protected:
  /// What bf16 and the order of sums explain; to be set to what a GPU shows.
  static double bound(DType dtype) { return dtype == DType::bf16 ? 1.5e-2 : 2e-5; }

  static void expect_like_the_cpu(const Place& place) {
    for (const Case& c : cases) {
      SCOPED_TRACE(nn::message(c.name, " ", place.dtype, place.slices ? ", slices" : ""));
      const std::vector<Tensor> expected = compute(c, {}), actual = compute(c, place);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(test::difference(nn::message("result ", i), actual[i], expected[i], bound(place.dtype)), "");
      }
    }
  }
};

TEST_F(CudaConvolution, AgreesWithTheCpu) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const bool slices : {false, true}) expect_like_the_cpu({Device::cuda, dtype, slices});
  }
}

TEST_F(CudaConvolution, AgreesWithTheCpuByTheFastestPlansSlow) {
  gpu().configure({.autotune = true});
  for (const DType dtype : {DType::f32, DType::bf16}) expect_like_the_cpu({Device::cuda, dtype, false});
  gpu().configure({});
}

// A vector that is too short, or of another type, would be read beyond its end.
TEST_F(CudaConvolution, RefusesAScaleOrAShiftThatDoesNotFit) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Place place{Device::cuda, DType::bf16};
    const Tensor x = place.image(c.x, 1), w = place.weights(c.w, 2);
    const Tensor y = place.image(nn::conv2d_output_shape(c.x, c.w, c.geometry), 8);
    for (const Tensor& wrong : {place.vector(c.w.n - 1, 3), place.weights(nn::vector_shape(c.w.n), 3)}) {
      EXPECT_THROW(nn::conv2d_forward(x, w, {}, {.scale = wrong}, c.geometry, y), nn::Error);
      EXPECT_THROW(nn::conv2d_forward(x, w, {}, {.shift = wrong}, c.geometry, y), nn::Error);
    }
  }
}

// Or a network that has lost itself would look well.
TEST_F(CudaConvolution, NanGoesThroughReluToReachTheLoss) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(nn::message(c.name, " ", dtype));
      const auto nans = [&](const Place& place) {
        const Tensor x = place.image(c.x, 1), w = place.weights(c.w, 2);
        const Tensor bias = place.weights(nn::vector_shape(c.w.n), 6);
        const Tensor y = place.image(nn::conv2d_output_shape(c.x, c.w, c.geometry), 8);
        nn::fill(std::numeric_limits<double>::quiet_NaN(), x.batch_range(0, 1));
        nn::conv2d_forward(x, w, {}, {.bias = bias, .relu = true}, c.geometry, y);
        const std::vector<double> values = test::values_of(y);
        return std::count_if(values.begin(), values.end(), [](double value) { return std::isnan(value); });
      };
      const auto expected = nans({});
      EXPECT_GT(expected, 0);
      EXPECT_EQ(nans({Device::cuda, dtype}), expected);
    }
  }
}

TEST_F(CudaConvolution, GivesTheSameBitsAgain) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(nn::message(c.name, " ", dtype));
      const Place place{Device::cuda, dtype, true};
      const std::vector<Tensor> once = compute(c, place), again = compute(c, place);
      for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(test::values_of(once[i]), test::values_of(again[i]));
    }
  }
}

}  // namespace
