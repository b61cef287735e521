// The threads of batch normalisation, run on the CPU, against the CPU's kernels in f64.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "cuda/kernels/channel_moments.h"
#include "cuda/kernels/normalize.h"
#include "cuda/launch/dispatch.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/cuda/launch/run_threads.h"
#include "tests/cuda/with_gpu.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::bfloat16;
using nn::DType;
using nn::Shape;
using nn::Tensor;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The same numbers three times: as a kernel may get them, in a slice of wider rows, and in f64.
struct Numbers {
  Tensor bf16, f32, f64;

  Numbers(const Shape& shape, const test::Values& values, std::uint64_t seed, bool exact_in_bf16 = true) {
    nn::Random random(seed);
    f64 = Tensor::from<double>(shape, values(shape.elements(), random));
    const Shape wider = {shape.n, shape.h, shape.w, shape.c + 16 - shape.c % 8};
    bf16 = Tensor::empty(wider, DType::bf16).channel_range(8, 8 + shape.c);
    f32 = Tensor::empty(wider).channel_range(8, 8 + shape.c);
    nn::cast(f64, bf16);
    if (exact_in_bf16) nn::cast(bf16, f64);
    nn::cast(f64, f32);
    nn::cast(f32, f64);
  }
  Numbers(std::int64_t c, const test::Values& values, std::uint64_t seed)
      : Numbers(nn::vector_shape(c), values, seed, false) {}

  template <class T>
  const Tensor& as() const {
    return std::is_same_v<T, float> ? f32 : bf16;
  }
};

const std::vector<Shape> shapes = {{1, 1, 1, 1},    {3, 1, 1, 5},    {2, 5, 7, 8},
                                   {1, 40, 31, 12}, {2, 33, 41, 67}, {1, 9, 9, 300}};

/// body.operator()<T, width>() for all four kernels of a function.
template <class Body>
void for_each_kernel(const Body& body) {
  body.template operator()<float, 1>();
  body.template operator()<float, 4>();
  body.template operator()<bfloat16, 1>();
  body.template operator()<bfloat16, 8>();
}

struct Moments {
  Tensor mean, variance;
};

template <class T, int width>
Moments moments_by_threads(const Tensor& x) {
  Moments moments{Tensor::empty(nn::vector_shape(x.c())), Tensor::empty(nn::vector_shape(x.c()))};
  const cuda::RowSlices slices(x.rows(), x.c(), width);
  std::vector<double> partial(std::size_t{slices.slices} * 2 * static_cast<std::size_t>(x.c()), nan);
  test::run_combining(cuda::SliceMoments<T, width>{{slices, partial.data()}, cuda::rows_of<const T>(x)},
                      slices.blocks());
  using Totals = cuda::TotalSums<2, cuda::WriteMoments<T>, double>;
  const cuda::WriteMoments<T> write{x.data<T>(), static_cast<double>(x.rows()), moments.mean.data<float>(),
                                    moments.variance.data<float>()};
  test::run_combining(Totals{partial.data(), slices.slices, slices.c, write}, Totals::blocks(slices.c));
  return moments;
}

Moments moments_in_f64(const Tensor& x) {
  Moments moments{Tensor::empty(nn::vector_shape(x.c()), DType::f64),
                  Tensor::empty(nn::vector_shape(x.c()), DType::f64)};
  nn::channel_statistics_forward(x, moments.mean, moments.variance);
  return moments;
}

TEST(CudaBatchNorm, MomentsAreThoseOfTheCpu) {
  for (const Shape& shape : shapes) {
    const Numbers x(shape, test::normal(0.5, 2), 1);
    const Moments expected = moments_in_f64(x.f64);
    for_each_kernel([&]<class T, int width>() {
      const Moments actual = moments_by_threads<T, width>(x.as<T>());
      // Measured: at most 5.4e-8 and 6.1e-8, the rounding of f32.
      EXPECT_EQ(test::difference("mean", actual.mean, expected.mean, 1.5e-7), "") << shape << width;
      EXPECT_EQ(test::difference("variance", actual.variance, expected.variance, 1.5e-7), "") << shape << width;
    });
  }
}

// E[x^2] - E[x]^2 in f32 would have no right digit from a mean of 4000 deviations on.
TEST(CudaBatchNorm, AMeanFarFromZeroCostsNoPrecision) {
  for (const double mean : {1e3, 1e5, -1e6}) {
    const Numbers x({2, 61, 67, 6}, test::normal(mean, 1), 2, false);
    const Moments expected = moments_in_f64(x.f64);
    for (const Moments& actual : {moments_by_threads<float, 1>(x.f32), moments_by_threads<float, 4>(x.f32)}) {
      // Measured: at most 3.1e-8 and 6.1e-8, the rounding of f32.
      EXPECT_EQ(test::difference("mean", actual.mean, expected.mean, 1.2e-7), "") << mean;
      EXPECT_EQ(test::difference("variance", actual.variance, expected.variance, 1.5e-7), "") << mean;
    }
  }
}

class CudaStatistics : public test::WithGpu {};

TEST_F(CudaStatistics, OfAMeanFarFromZeroKeepTheirPrecision) {
  const Numbers x({2, 61, 67, 6}, test::normal(1e5, 1), 2, false);
  const Moments expected = moments_in_f64(x.f64);
  const auto vector = [] { return Tensor::empty(nn::vector_shape(6), DType::f32, nn::Device::cuda); };
  const Moments actual{vector(), vector()};
  nn::channel_statistics_forward(nn::to_device(x.f32, nn::Device::cuda), actual.mean, actual.variance);
  EXPECT_EQ(test::difference("mean", nn::to_device(actual.mean, nn::Device::cpu), expected.mean, 1.2e-7), "");
  EXPECT_EQ(test::difference("variance", nn::to_device(actual.variance, nn::Device::cpu), expected.variance, 5e-7), "");
}

// Row 0 is the origin of all sums, and the pivot of one thread.
TEST(CudaBatchNorm, AnOutlierInTheFirstRowCostsNoPrecision) {
  const Numbers x({1, 80, 90, 3}, test::normal(0, 1), 3, false);
  for (const double outlier : {1e3, 1e5}) {
    for (std::int64_t i = 0; i < 3; ++i) {
      x.f32.data<float>()[i] = static_cast<float>(outlier);
      x.f64.data<double>()[i] = outlier;
    }
    const Moments expected = moments_in_f64(x.f64), actual = moments_by_threads<float, 4>(x.f32);
    // Measured: at most 2.4e-7 and 6.1e-7.
    EXPECT_EQ(test::difference("mean", actual.mean, expected.mean, 5e-7), "") << outlier;
    EXPECT_EQ(test::difference("variance", actual.variance, expected.variance, 1.2e-6), "") << outlier;
  }
}

TEST(CudaBatchNorm, EqualValuesHaveNoVariance) {
  const Numbers x({2, 30, 30, 9}, test::uniform(3.14, 3.14), 4);
  for_each_kernel([&]<class T, int width>() {
    const Moments actual = moments_by_threads<T, width>(x.as<T>());
    for (std::int64_t i = 0; i < 9; ++i) {
      EXPECT_EQ(actual.variance.data<float>()[i], 0);
      EXPECT_EQ(actual.mean.data<float>()[i], static_cast<float>(x.f64.data<double>()[0]));
    }
  });
}

TEST(CudaBatchNorm, ANaNReachesTheStatistics) {
  const Numbers x({1, 20, 20, 4}, test::normal(), 5);
  x.f32.row<float>(123)[2] = static_cast<float>(nan);
  const Moments actual = moments_by_threads<float, 4>(x.f32);
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(std::isnan(actual.mean.data<float>()[i]), i == 2);
    EXPECT_EQ(std::isnan(actual.variance.data<float>()[i]), i == 2);
  }
}

/// out = function(x) + beta * out, `out` being `before` at first.
template <class T, int width, class Function>
Tensor mapped_by_threads(const Function& function, const Tensor& x, float beta, double before) {
  Tensor out = Tensor::empty({x.n(), x.h(), x.w(), x.pitch()}, x.dtype()).channel_range(8, 8 + x.c());
  nn::fill(before, out);
  const cuda::RowSlices slices(x.rows(), x.c(), width);
  test::run_threads(
      cuda::ChannelMap<Function, T, width>{slices, function, cuda::rows_of<const T>(x), cuda::rows_of<T>(out), beta},
      slices.blocks());
  return out;
}

/// Rounding of the result to T, relative to the largest. Measured: at most 2.6e-7, and 0.0039 for bf16, which rounds by
/// up to 2^-8.
template <class T>
constexpr double rounding() {
  return std::is_same_v<T, float> ? 5e-7 : 1.0 / 250;
}

struct Vectors {
  Numbers mean, variance, gamma, shift;

  explicit Vectors(std::int64_t c)
      : mean(c, test::normal(), 11),
        variance(c, test::uniform(0.1, 2), 12),
        gamma(c, test::normal(1, 0.5), 13),
        shift(c, test::normal(), 14) {}

  nn::NormalizeParameters in_f64(bool relu) const {
    return {.mean = mean.f64, .variance = variance.f64, .gamma = gamma.f64, .shift = shift.f64, .relu = relu};
  }
  cuda::Normalization in_f32(bool relu) const {
    return {mean.f32.data<float>(),
            variance.f32.data<float>(),
            gamma.f32.data<float>(),
            shift.f32.data<float>(),
            1e-5F,
            relu};
  }
};

TEST(CudaBatchNorm, NormalizesAsTheCpu) {
  for (const Shape& shape : shapes) {
    const Numbers x(shape, test::normal(), 6);
    const Vectors vectors(shape.c);
    for (const bool relu : {false, true}) {
      const Tensor expected = Tensor::empty(shape, DType::f64);
      nn::normalize_forward(x.f64, vectors.in_f64(relu), expected);
      for_each_kernel([&]<class T, int width>() {
        const Tensor actual = mapped_by_threads<T, width>(vectors.in_f32(relu), x.as<T>(), 0, nan);
        EXPECT_EQ(test::difference("y", actual, expected, rounding<T>()), "") << shape << width;
      });
    }
  }
}

TEST(CudaBatchNorm, HandsTheGradientsOfTheStatisticsOn) {
  for (const Shape& shape : shapes) {
    const Numbers x(shape, test::normal(), 7);
    const Vectors vectors(shape.c);
    for (const float beta : {0.0F, 0.5F}) {
      const Tensor expected = Tensor::empty(shape, DType::f64);
      nn::fill(2, expected);
      nn::channel_statistics_backward(x.f64, vectors.mean.f64, vectors.gamma.f64, vectors.shift.f64, expected, beta);
      const cuda::StatisticsGradient gradient{vectors.mean.f32.data<float>(), vectors.gamma.f32.data<float>(),
                                              vectors.shift.f32.data<float>(), static_cast<float>(shape.rows())};
      for_each_kernel([&]<class T, int width>() {
        const Tensor actual = mapped_by_threads<T, width>(gradient, x.as<T>(), beta, beta == 0 ? nan : 2);
        EXPECT_EQ(test::difference("dx", actual, expected, rounding<T>()), "") << shape << width;
      });
    }
  }
}

/// The five gradients in one type, in the order of NormalizeGradients.
std::vector<Tensor> gradient_tensors(const Shape& shape, DType activation, DType vector, double before) {
  std::vector<Tensor> tensors = {
      Tensor::empty({shape.n, shape.h, shape.w, shape.c + 16 - shape.c % 8}, activation).channel_range(8, 8 + shape.c)};
  for (int i = 0; i < 4; ++i) tensors.push_back(Tensor::empty(nn::vector_shape(shape.c), vector));
  for (const Tensor& tensor : tensors) nn::fill(before, tensor);
  return tensors;
}

template <class T, int width>
std::vector<Tensor> backward_by_threads(const Tensor& x, const Tensor& dy, const Vectors& vectors, bool relu,
                                        float beta, double before) {
  std::vector<Tensor> g = gradient_tensors(x.shape(), x.dtype(), DType::f32, before);
  const auto target = [&](int i) { return cuda::VectorTarget{g[static_cast<std::size_t>(i)].data<float>(), beta}; };
  using Terms = cuda::NormalizeBackwardTerms<T, width>;
  const Terms terms{vectors.in_f32(relu), cuda::rows_of<const T>(x), cuda::rows_of<const T>(dy), cuda::rows_of<T>(g[0]),
                    beta};
  const cuda::RowSlices slices(x.rows(), x.c(), width);
  std::vector<float> partial(std::size_t{slices.slices} * 2 * static_cast<std::size_t>(x.c()), NAN);
  test::run_combining(cuda::SliceSums<Terms>{{slices, partial.data()}, terms}, slices.blocks());
  const cuda::WriteVectorGradients write{vectors.variance.f32.data<float>(),
                                         vectors.gamma.f32.data<float>(),
                                         1e-5,
                                         target(1),
                                         target(2),
                                         target(3),
                                         target(4)};
  using Totals = cuda::TotalSums<2, cuda::WriteVectorGradients>;
  test::run_combining(Totals{partial.data(), slices.slices, slices.c, write}, Totals::blocks(slices.c));
  return g;
}

TEST(CudaBatchNorm, GradientsOfNormalizeAreThoseOfTheCpu) {
  const std::vector<const char*> names = {"dx", "dmean", "dvariance", "dgamma", "dshift"};
  for (const Shape& shape : shapes) {
    const Numbers x(shape, test::normal(), 8), dy(shape, test::normal(), 9);
    const Vectors vectors(shape.c);
    for (const bool relu : {false, true}) {
      for (const float beta : {0.0F, 0.5F}) {
        const std::vector<Tensor> e = gradient_tensors(shape, DType::f64, DType::f64, 2);
        nn::normalize_backward(x.f64, dy.f64, vectors.in_f64(relu),
                               {{e[0], beta}, {e[1], beta}, {e[2], beta}, {e[3], beta}, {e[4], beta}});
        for_each_kernel([&]<class T, int width>() {
          const std::vector<Tensor> actual =
              backward_by_threads<T, width>(x.as<T>(), dy.as<T>(), vectors, relu, beta, beta == 0 ? nan : 2);
          for (std::size_t i = 0; i < 5; ++i) {
            const double bound = i == 0 ? rounding<T>() : 7e-7;  // measured: at most 3.4e-7 for the vectors
            EXPECT_EQ(test::difference(names[i], actual[i], e[i], bound), "") << shape << width << relu << beta;
          }
        });
      }
    }
  }
}

TEST(CudaBatchNorm, GradientsThatNobodyWantsAreNotWritten) {
  const Shape shape{2, 3, 5, 8};
  const Numbers x(shape, test::normal(), 8), dy(shape, test::normal(), 9);
  const Vectors vectors(shape.c);
  using Terms = cuda::NormalizeBackwardTerms<float, 4>;
  const Terms terms{
      vectors.in_f32(true), cuda::rows_of<const float>(x.f32), cuda::rows_of<const float>(dy.f32), {nullptr, 0}, 0};
  const cuda::RowSlices slices(x.f32.rows(), shape.c, 4);
  std::vector<float> partial(std::size_t{slices.slices} * 2 * 8, NAN), dshift(8, NAN);
  test::run_combining(cuda::SliceSums<Terms>{{slices, partial.data()}, terms}, slices.blocks());
  const cuda::WriteVectorGradients write{
      vectors.variance.f32.data<float>(), vectors.gamma.f32.data<float>(), 1e-5, {}, {}, {}, {dshift.data(), 0}};
  using Totals = cuda::TotalSums<2, cuda::WriteVectorGradients>;
  test::run_combining(Totals{partial.data(), slices.slices, slices.c, write}, Totals::blocks(slices.c));
  const std::vector<Tensor> expected = backward_by_threads<float, 4>(x.f32, dy.f32, vectors, true, 0, nan);
  EXPECT_EQ(dshift, expected[4].to_vector<float>());
}

TEST(CudaBatchNorm, FoldsAsOnTheCpu) {
  constexpr std::int64_t c = 300;
  const Vectors vectors(c);
  const Tensor scale = Tensor::empty(nn::vector_shape(c)), shift = Tensor::empty(nn::vector_shape(c));
  const Tensor expected_scale = Tensor::empty(scale.shape()), expected_shift = Tensor::empty(shift.shape());
  nn::fold_normalization({.mean = nn::clone(vectors.mean.f32),
                          .variance = nn::clone(vectors.variance.f32),
                          .gamma = nn::clone(vectors.gamma.f32),
                          .shift = nn::clone(vectors.shift.f32)},
                         expected_scale, expected_shift);
  test::run_threads(cuda::FoldNormalization{vectors.in_f32(true), scale.data<float>(), shift.data<float>(), c},
                    cuda::ceil_div(c, cuda::block_threads));
  // The scale's root and quotient are f32 there, double here: three roundings.
  EXPECT_EQ(test::difference("scale", scale, expected_scale, 2e-7), "");
  EXPECT_EQ(test::difference("shift", shift, expected_shift, 4e-7), "");
}

TEST(CudaBatchNorm, RunningStatisticsFollowAsOnTheCpu) {
  constexpr std::int64_t c = 300;
  const Vectors vectors(c);
  const Tensor mean = nn::clone(vectors.gamma.f32), variance = nn::clone(vectors.shift.f32);
  const Tensor expected_mean = nn::clone(mean), expected_variance = nn::clone(variance);
  nn::update_running_statistics(nn::clone(vectors.mean.f32), nn::clone(vectors.variance.f32), 7, 0.1, expected_mean,
                                expected_variance);
  test::run_threads(cuda::UpdateRunning{vectors.mean.f32.data<float>(), vectors.variance.f32.data<float>(),
                                        mean.data<float>(), variance.data<float>(), 0.1, 7.0 / 6.0, c},
                    cuda::ceil_div(c, cuda::block_threads));
  EXPECT_EQ(mean.to_vector<float>(), expected_mean.to_vector<float>());
  EXPECT_EQ(variance.to_vector<float>(), expected_variance.to_vector<float>());
}

}  // namespace
