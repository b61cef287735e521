// The convolution kernels against their definition: every geometry, both types, every SIMD target, every algorithm,
// slices, beta, prologue and epilogue, any number of threads.
#include <gtest/gtest.h>

#include <cstring>

#include "nn/core/parallel.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/conv_reference.h"

namespace nn::test {
namespace {

/// Of the largest value of the result. Measured over all cases and targets, in f32: direct at most 5.7e-7,
/// winograd-2x2 6e-7, winograd 4.9e-6; in f64 0: sums of products of the f32 numbers that are drawn here are exact.
template <class T>
double tolerance() {
  if (std::is_same_v<T, double>) return 1e-15;
  const std::string choice = cpu::conv_choice();
  return choice == "direct" ? 1e-6 : choice == "winograd-2x2" ? 2e-6 : 1e-5;
}

/// Restores target, algorithm and threads however a test ends.
class ConvKernel : public testing::Test {
 protected:
  ~ConvKernel() override {
    cpu::set_simd_target(target_);
    cpu::set_conv_choice(choice_);
    set_thread_count(threads_);
  }

 private:
  std::string target_ = cpu::simd_target(), choice_ = cpu::conv_choice();
  int threads_ = thread_count();
};

/// body(case): for every case, every SIMD target this CPU has and every algorithm that the case can run by.
template <class Body>
void for_every_case(const Body& body) {
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    for (const char* choice : {"direct", "winograd-2x2", "winograd"}) {
      cpu::set_conv_choice(choice);
      for (const ConvCase& c : conv_cases()) {
        const cpu::ConvAlgorithm algorithm =
            cpu::conv_algorithm(cpu::ConvPass::forward, c.x, c.w, c.geometry, DType::f32);
        if ((algorithm == cpu::ConvAlgorithm::direct) != (choice == std::string("direct"))) continue;
        SCOPED_TRACE(c.name + (", " + target) + ", " + choice);
        body(c);
      }
    }
  }
}

/// True if what lies around a slice made by random_tensor is still NaN.
template <class T>
bool surroundings_untouched(const Tensor& slice) {
  for (std::int64_t r = 0; r < slice.rows(); ++r) {
    const T* row = slice.row<T>(r);
    for (std::int64_t k = -3; k < slice.c() + 4; ++k) {
      if ((k < 0 || k >= slice.c()) && !std::isnan(row[k])) return false;
    }
  }
  return true;
}

Shape output_shape(const ConvCase& c) { return conv2d_output_shape(c.x, c.w, c.geometry); }

/// reference + beta * before
std::vector<double> added(std::vector<double> reference, double beta, const std::vector<double>& before) {
  for (std::size_t i = 0; i < reference.size(); ++i) reference[i] += beta * before[i];
  return reference;
}

template <class T>
void check_forward(const ConvCase& c, bool slices, float beta) {
  const Tensor x = random_tensor<T>(c.x, 1, slices), w = random_tensor<T>(c.w, 2, slices);
  const Tensor y = random_tensor<T>(output_shape(c), 3, slices);
  const std::vector<double> before = doubles(y);
  conv2d_forward(x, w, {}, {.beta = beta}, c.geometry, y);
  EXPECT_LT(relative_error(doubles(y), added(reference_forward(c, doubles(x), doubles(w)), beta, before)),
            tolerance<T>());
  EXPECT_TRUE(!slices || surroundings_untouched<T>(y));
}

template <class T>
void check_backward_data(const ConvCase& c, bool slices, float beta) {
  const Tensor dy = random_tensor<T>(output_shape(c), 1, slices), w = random_tensor<T>(c.w, 2, slices);
  const Tensor dz = random_tensor<T>(c.x, 3, slices);
  const std::vector<double> before = doubles(dz);
  conv2d_backward_data(dy, w, c.geometry, dz, beta);
  EXPECT_LT(relative_error(doubles(dz), added(reference_backward_data(c, doubles(dy), doubles(w)), beta, before)),
            tolerance<T>());
  EXPECT_TRUE(!slices || surroundings_untouched<T>(dz));
}

template <class T>
void check_backward_weights(const ConvCase& c, bool slices, float beta) {
  const Tensor x = random_tensor<T>(c.x, 1, slices), dy = random_tensor<T>(output_shape(c), 2, slices);
  const Tensor dw = random_tensor<T>(c.w, 3, slices);
  const std::vector<double> before = doubles(dw);
  conv2d_backward_weights(x, dy, {}, c.geometry, dw, beta);
  EXPECT_LT(relative_error(doubles(dw), added(reference_backward_weights(c, doubles(x), doubles(dy)), beta, before)),
            tolerance<T>());
  EXPECT_TRUE(!slices || surroundings_untouched<T>(dw));
}

TEST_F(ConvKernel, ForwardIsItsDefinition) {
  for_every_case([](const ConvCase& c) {
    check_forward<float>(c, false, 0);
    check_forward<double>(c, false, 0);
  });
}

TEST_F(ConvKernel, BackwardDataIsItsDefinition) {
  for_every_case([](const ConvCase& c) {
    check_backward_data<float>(c, false, 0);
    check_backward_data<double>(c, false, 0);
  });
}

TEST_F(ConvKernel, BackwardWeightsIsItsDefinition) {
  for_every_case([](const ConvCase& c) {
    check_backward_weights<float>(c, false, 0);
    check_backward_weights<double>(c, false, 0);
  });
}

TEST_F(ConvKernel, ReadsAndWritesSlicesOfWiderBuffers) {
  for_every_case([](const ConvCase& c) {
    check_forward<float>(c, true, 0);
    check_backward_data<float>(c, true, 0);
    check_backward_weights<float>(c, true, 0);
    check_backward_data<double>(c, true, 0);
  });
}

TEST_F(ConvKernel, AddsToWhatIsThereTimesBeta) {
  for_every_case([](const ConvCase& c) {
    for (const float beta : {1.0F, 0.5F}) {
      check_forward<float>(c, true, beta);
      check_backward_data<float>(c, true, beta);
      check_backward_weights<float>(c, true, beta);
      check_backward_weights<double>(c, false, beta);
    }
  });
}

TEST_F(ConvKernel, WithBetaZeroDoesNotReadTheOutput) {
  for_every_case([](const ConvCase& c) {
    const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
    const Tensor nan = Tensor::empty(c.x);
    std::fill_n(nan.data<float>(), nan.elements(), std::numeric_limits<float>::quiet_NaN());
    const Tensor dy = random_tensor<float>(output_shape(c), 3);
    conv2d_backward_data(dy, w, c.geometry, nan, 0);
    EXPECT_LT(relative_error(doubles(nan), reference_backward_data(c, doubles(dy), doubles(w))), tolerance<float>());
  });
}

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

TEST_F(ConvKernel, PrologueComesBeforeThePaddingsZeros) {
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

TEST_F(ConvKernel, EpilogueAddsBiasThenScalesAndShiftsThenReluThenBeta) {
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

TEST_F(ConvKernel, MeasuresWhatItWrites) {
  for_every_case([](const ConvCase& c) {
    check_statistics<float>(c, 0);
    check_statistics<double>(c, 0);
  });
}

// The sum of squares in f32 would have no right digit of the variance left.
TEST_F(ConvKernel, AMeanFarFromZeroCostsItsStatisticsNoPrecision) {
  for_every_case([](const ConvCase& c) {
    check_statistics<float>(c, 1e4);
    check_statistics<double>(c, 1e4);
  });
}

/// All results of the three kernels, statistics included, as bytes.
std::vector<float> everything(const ConvCase& c) {
  const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2),
               dy = random_tensor<float>(output_shape(c), 3);
  const Tensor y = Tensor::empty(output_shape(c)), dz = Tensor::empty(c.x), dw = Tensor::empty(c.w);
  const Tensor mean = Tensor::empty(vector_shape(c.w.n)), variance = Tensor::empty(vector_shape(c.w.n));
  conv2d_forward(x, w, {}, {.mean = mean, .variance = variance}, c.geometry, y);
  conv2d_backward_data(dy, w, c.geometry, dz, 0);
  conv2d_backward_weights(x, dy, {}, c.geometry, dw, 0);
  std::vector<float> all;
  for (const Tensor& t : {y, dz, dw, mean, variance}) {
    const std::vector<float> values = t.to_vector<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_F(ConvKernel, BitsDoNotDependOnTheNumberOfThreads) {
  for_every_case([](const ConvCase& c) {
    set_thread_count(1);
    const std::vector<float> one = everything(c);
    for (const int threads : {2, 4}) {
      set_thread_count(threads);
      const std::vector<float> more = everything(c);
      EXPECT_EQ(std::memcmp(one.data(), more.data(), one.size() * sizeof(float)), 0) << threads << " threads";
    }
  });
}

/// Image `image` of the batch alone: the bits that it has in the batch, forward and back.
template <class T>
void check_alone(const ConvCase& c, std::int64_t image) {
  const Tensor x = random_tensor<T>(c.x, 1), w = random_tensor<T>(c.w, 2), dy = random_tensor<T>(output_shape(c), 3);
  const Tensor y = Tensor::empty(output_shape(c), dtype_of<T>), dx = Tensor::empty(c.x, dtype_of<T>);
  conv2d_forward(x, w, {}, {}, c.geometry, y);
  conv2d_backward_data(dy, w, c.geometry, dx, 0);
  const auto alone = [&](const Tensor& batch) { return batch.batch_range(image, image + 1); };
  const Tensor y1 = Tensor::empty(alone(y).shape(), dtype_of<T>), dx1 = Tensor::empty(alone(x).shape(), dtype_of<T>);
  conv2d_forward(alone(x), w, {}, {}, c.geometry, y1);
  conv2d_backward_data(alone(dy), w, c.geometry, dx1, 0);
  EXPECT_EQ(y1.template to_vector<T>(), alone(y).template to_vector<T>()) << "forward, image " << image;
  EXPECT_EQ(dx1.template to_vector<T>(), alone(dx).template to_vector<T>()) << "backward, image " << image;
}

TEST_F(ConvKernel, BitsOfAnImageDoNotDependOnTheOthers) {
  for_every_case([](ConvCase c) {
    c.x.n = 3;
    for (const std::int64_t image : {0, 2}) {
      check_alone<float>(c, image);
      check_alone<double>(c, image);
    }
  });
}

TEST_F(ConvKernel, BitsOfARowOfALinearLayerDoNotDependOnTheOthers) {
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    for (const std::int64_t rows : {2, 5, 8, 23, 61}) {
      for (const std::int64_t depth : {1, 3, 16, 17, 64, 290}) {
        for (const std::int64_t columns : {1, 2, 6, 33, 65}) {
          SCOPED_TRACE(target + ": " + std::to_string(rows) + " x " + std::to_string(depth) + " x " +
                       std::to_string(columns));
          const ConvCase c{"linear", {rows, 1, 1, depth}, {columns, 1, 1, depth}};
          for (const std::int64_t row : {std::int64_t{0}, rows - 1}) {
            check_alone<float>(c, row);
            check_alone<double>(c, row);
          }
        }
      }
    }
  }
}

TEST_F(ConvKernel, LetsANanThroughItsRelus) {
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

TEST_F(ConvKernel, RefusesVectorsThatDoNotFitTheChannels) {
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

TEST_F(ConvKernel, NamesWhatDoesNotFit) {
  const auto message_of = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const Tensor x = Tensor::zeros({1, 4, 4, 3}), w = Tensor::zeros({2, 3, 3, 5}), y = Tensor::zeros({1, 2, 2, 2});
  EXPECT_EQ(message_of([&] { conv2d_forward(x, w, {}, {}, {}, y); }),
            "[conv2d] weight {2, 3, 3, 5} expects 5 input channels, x has 3");
  EXPECT_EQ(message_of([&] {
              conv2d_output_shape({1, 2, 9, 3}, {2, 3, 3, 3}, {});
            }),
            "[conv2d] a kernel of 3 x 3 does not fit an input of 2 x 9 with its padding");
  EXPECT_EQ(message_of([&] {
              conv2d_output_shape({1, 4, 4, 3}, {2, 3, 3, 3}, {.stride_w = 0});
            }),
            "[conv2d] strides must be positive, got 1 and 0");
  EXPECT_EQ(message_of([&] {
              conv2d_forward(x, Tensor::zeros({2, 3, 3, 3}), {}, {}, {}, x);
            }),
            "[conv2d_forward] expects an output of {1, 2, 2, 2}, got {1, 4, 4, 3}");
}

}  // namespace
}  // namespace nn::test
