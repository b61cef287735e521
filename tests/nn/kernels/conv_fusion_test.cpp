// What a convolution does on its way in and out: prologue, epilogue, statistics of what it writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/nn/kernels/conv_kernel_fixture.h"

namespace nn::test {
namespace {

class ConvFusion : public ConvKernel {};

/// relu?(x * scale + shift) per channel
std::vector<double> apply_prologue(const Tensor& x, const ConvPrologue& prologue) {
  std::vector<double> z = doubles(x);
  const std::vector<double> scale = prologue.scale.defined() ? doubles(prologue.scale) : std::vector<double>{};
  const std::vector<double> shift = prologue.shift.defined() ? doubles(prologue.shift) : std::vector<double>{};
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t k = i % static_cast<std::size_t>(x.c());
    if (!scale.empty()) z[i] *= scale[k];
    if (!shift.empty()) z[i] += shift[k];
    if (prologue.relu) z[i] = std::max(z[i], 0.0);
  }
  return z;
}

TEST_F(ConvFusion, PrologueComesBeforeThePaddingsZeros) {
  for_every_case([](const ConvCase& c) {
    const Tensor x = random_tensor<float>(c.x, 1, true), w = random_tensor<float>(c.w, 2);
    const Tensor dy = random_tensor<float>(output_shape(c), 3);
    const Tensor scale = random_tensor<float>(vector_shape(c.x.c), 4),
                 shift = random_tensor<float>(vector_shape(c.x.c), 5);
    for (const ConvPrologue& prologue :
         {ConvPrologue{.scale = scale, .shift = shift, .relu = true}, ConvPrologue{.scale = scale},
          ConvPrologue{.shift = shift}, ConvPrologue{.relu = true}}) {
      const std::vector<double> z = apply_prologue(x, prologue);
      const Tensor y = Tensor::empty(output_shape(c)), dw = Tensor::empty(c.w);
      conv2d_forward(x, w, prologue, {}, c.geometry, y);
      EXPECT_LT(relative_error(doubles(y), reference_forward(c, z, doubles(w))), tolerance<float>());
      conv2d_backward_weights(x, dy, prologue, c.geometry, dw, 0);
      EXPECT_LT(relative_error(doubles(dw), reference_backward_weights(c, z, doubles(dy))), tolerance<float>());
    }
  });
}

/// Of an epilogue's vectors that are given, in f32; `values` change in place.
void apply_epilogue(const ConvEpilogue& epilogue, const std::vector<double>& before, std::vector<double>& values) {
  const std::vector<double> bias = epilogue.bias.defined() ? doubles(epilogue.bias) : std::vector<double>{};
  const std::vector<double> scale = epilogue.scale.defined() ? doubles(epilogue.scale) : std::vector<double>{};
  const std::vector<double> shift = epilogue.shift.defined() ? doubles(epilogue.shift) : std::vector<double>{};
  const std::size_t channels = std::max({bias.size(), scale.size(), shift.size(), std::size_t{1}});
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& value = values[i];
    if (!bias.empty()) value += bias[i % channels];
    if (!scale.empty()) value *= scale[i % channels];
    if (!shift.empty()) value += shift[i % channels];
    if (epilogue.relu) value = std::max(value, 0.0);
    value += static_cast<double>(epilogue.beta) * before[i];
  }
}

TEST_F(ConvFusion, EpilogueAddsBiasThenScalesAndShiftsThenReluThenBeta) {
  for_every_case([](const ConvCase& c) {
    const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
    const Shape vector = vector_shape(c.w.n);
    const Tensor bias = random_tensor<float>(vector, 4), scale = random_tensor<float>(vector, 5),
                 shift = random_tensor<float>(vector, 6);
    const std::vector<double> result = reference_forward(c, doubles(x), doubles(w));
    for (const ConvEpilogue& epilogue :
         {ConvEpilogue{.bias = bias, .scale = scale, .shift = shift, .relu = true, .beta = 0.25F},
          ConvEpilogue{.scale = scale, .shift = shift, .relu = true}, ConvEpilogue{.bias = bias, .scale = scale},
          ConvEpilogue{.bias = bias, .shift = shift}, ConvEpilogue{.scale = scale}, ConvEpilogue{.relu = true}}) {
      const Tensor y = random_tensor<float>(output_shape(c), 3, true);
      const std::vector<double> before = doubles(y);
      std::vector<double> expected = result;
      apply_epilogue(epilogue, before, expected);
      conv2d_forward(x, w, {}, epilogue, c.geometry, y);
      EXPECT_LT(relative_error(doubles(y), expected), tolerance<float>());
      EXPECT_TRUE(surroundings_untouched<float>(y));
    }
  });
}

struct Statistics {
  std::vector<double> mean, variance;
};
Statistics statistics_of(const Tensor& y) {
  const auto channels = static_cast<std::size_t>(y.c());
  const std::vector<double> values = doubles(y);
  const auto rows = static_cast<double>(y.rows());
  Statistics s{std::vector<double>(channels), std::vector<double>(channels)};
  for (std::size_t i = 0; i < values.size(); ++i) s.mean[i % channels] += values[i] / rows;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double deviation = values[i] - s.mean[i % channels];
    s.variance[i % channels] += deviation * deviation / rows;
  }
  return s;
}

/// Measured over all cases and targets, in f32: the mean at most 1.2e-6 (where it is near zero), the variance 4.4e-7.
template <class T>
void check_statistics(const ConvCase& c, double distance) {
  const double bound = std::is_same_v<T, double> ? 1e-11 : 3e-6;
  const Tensor x = random_tensor<T>(c.x, 1), w = random_tensor<T>(c.w, 2),
               y = random_tensor<T>(output_shape(c), 3, true);
  const Tensor bias = Tensor::empty(vector_shape(c.w.n), x.dtype());
  for (std::int64_t k = 0; k < c.w.n; ++k) bias.data<T>()[k] = static_cast<T>(distance * (k % 3 == 0 ? -1 : 1));
  const Tensor mean = random_tensor<T>(bias.shape(), 6), variance = random_tensor<T>(bias.shape(), 7);
  conv2d_forward(x, w, {}, {.bias = bias, .beta = 0.5F, .mean = mean, .variance = variance}, c.geometry, y);
  const Statistics expected = statistics_of(y);
  EXPECT_LT(relative_error(doubles(mean), expected.mean), bound);
  EXPECT_LT(relative_error(doubles(variance), expected.variance), bound);
}

TEST_F(ConvFusion, MeasuresWhatItWrites) {
  for_every_case([](const ConvCase& c) {
    check_statistics<float>(c, 0);
    check_statistics<double>(c, 0);
  });
}

// The sum of squares in f32 would have no right digit of the variance left.
TEST_F(ConvFusion, AMeanFarFromZeroCostsItsStatisticsNoPrecision) {
  for_every_case([](const ConvCase& c) {
    check_statistics<float>(c, 1e4);
    check_statistics<double>(c, 1e4);
  });
}

TEST_F(ConvFusion, LetsANanThroughItsRelus) {
  for (const std::string& target : cpu::simd_targets()) {
    SCOPED_TRACE(target);
    cpu::set_simd_target(target);
    const Tensor x = random_tensor<float>({1, 2, 3, 19}, 1), w = random_tensor<float>({21, 1, 1, 19}, 2);
    const Tensor y = Tensor::empty({1, 2, 3, 21}), mean = Tensor::empty(vector_shape(21)),
                 variance = Tensor::empty(vector_shape(21));
    x.row<float>(4)[18] = std::numeric_limits<float>::quiet_NaN();
    conv2d_forward(x, w, {.relu = true}, {.relu = true, .mean = mean, .variance = variance}, {}, y);
    for (std::int64_t k = 0; k < 21; ++k) {
      for (std::int64_t r = 0; r < 6; ++r) EXPECT_EQ(std::isnan(y.row<float>(r)[k]), r == 4) << r << ", " << k;
      EXPECT_TRUE(std::isnan(mean.data<float>()[k])) << k;
      EXPECT_TRUE(std::isnan(variance.data<float>()[k])) << k;
    }
  }
}

TEST_F(ConvFusion, RefusesVectorsThatDoNotFitTheChannels) {
  const Tensor x = Tensor::zeros({1, 2, 3, 4}), w = Tensor::zeros({5, 1, 1, 4}), y = Tensor::zeros({1, 2, 3, 5});
  const Tensor three = Tensor::zeros(vector_shape(3)), five = Tensor::zeros(vector_shape(5));
  for (const ConvPrologue& prologue : {ConvPrologue{.scale = three}, ConvPrologue{.shift = three}}) {
    EXPECT_THROW(conv2d_forward(x, w, prologue, {}, {}, y), Error);
    EXPECT_THROW(conv2d_backward_weights(x, y, prologue, {}, w, 0), Error);
  }
  for (const ConvEpilogue& epilogue : {ConvEpilogue{.bias = three}, ConvEpilogue{.scale = three},
                                       ConvEpilogue{.shift = three}, ConvEpilogue{.mean = three, .variance = five},
                                       ConvEpilogue{.mean = five, .variance = three}, ConvEpilogue{.mean = five}}) {
    EXPECT_THROW(conv2d_forward(x, w, {}, epilogue, {}, y), Error);
  }
}

}  // namespace
}  // namespace nn::test
