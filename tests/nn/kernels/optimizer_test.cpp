// Golden numbers: ten steps of torch 1.13 in float64 on p = {0.5, -1.25, 2, 0} with the gradient p^3 - (i + 1) / (2 t)
// of step t = 1..10, written to all digits. Measured difference: below 1e-15.
#include "nn/kernels/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/kernels/fill.h"

namespace {

using nn::DType;
using nn::Tensor;

constexpr double golden_tolerance = 1e-12;

/// Parameters with everything an optimizer keeps for them.
struct Training {
  Tensor value, gradient, first, second, sum, state;
  double max_norm = 0;

  explicit Training(DType dtype = DType::f64, double clip = 0)
      : value(Tensor::zeros(nn::vector_shape(4), dtype)),
        gradient(Tensor::zeros(nn::vector_shape(4), dtype)),
        first(Tensor::zeros(nn::vector_shape(4), dtype)),
        second(Tensor::zeros(nn::vector_shape(4), dtype)),
        sum(Tensor::zeros(nn::vector_shape(1), DType::f64)),
        state(Tensor::zeros(nn::vector_shape(nn::step_state::size), DType::f64)),
        max_norm(clip) {
    nn::cast(Tensor::from<double>(nn::vector_shape(4), {0.5, -1.25, 2.0, 0.0}), value);
    at(nn::step_state::learning_rate) = 0.05;
  }

  double& at(int place) const { return state.data<double>()[place]; }

  std::vector<double> values() const {
    const Tensor copy = Tensor::empty(value.shape(), DType::f64);
    nn::cast(value, copy);
    return copy.to_vector<double>();
  }

  void set_gradient(int t) const {
    std::vector<double> p = values();
    for (int i = 0; i < 4; ++i) {
      double& x = p[static_cast<std::size_t>(i)];
      x = x * x * x - (i + 1) / (2.0 * t);
    }
    nn::cast(Tensor::from<double>(nn::vector_shape(4), std::span<const double>(p)), gradient);
  }

  void prepare() const {
    nn::sum_of_squares(gradient, sum);
    nn::prepare_update(sum, max_norm, state);
  }

  template <class Update>
  std::vector<double> ten_steps(const Update& update) const {
    for (int t = 1; t <= 10; ++t) {
      set_gradient(t);
      prepare();
      update(*this);
    }
    return values();
  }
};

auto sgd(const nn::SgdOptions& options) {
  return [options](const Training& t) { nn::sgd_update(t.value, t.gradient, t.first, options, t.state, {}); };
}
auto adam(const nn::AdamOptions& options) {
  return
      [options](const Training& t) { nn::adam_update(t.value, t.gradient, t.first, t.second, options, t.state, {}); };
}

void expect_close(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << "element " << i;
}

const std::vector<double> adamw_golden = {0.53327270427387397, -0.78710921677521806, 1.4953310378027924,
                                          0.38104761881168059};

TEST(Sgd, WithoutMomentumIsTorchs) {
  expect_close(Training().ten_steps(sgd({.momentum = 0})),
               {0.50407338568978688, -0.6928135575260489, 0.91621435053356892, 0.28771182784959259}, golden_tolerance);
}

TEST(Sgd, WithMomentumAndDecayIsTorchs) {
  expect_close(Training().ten_steps(sgd({.momentum = 0.9, .weight_decay = 0.02})),
               {0.52303678799133391, 0.82557271043212066, -1.1920786524225595, 1.0050743057681697}, golden_tolerance);
}

TEST(Sgd, WithNesterovIsTorchs) {
  expect_close(Training().ten_steps(sgd({.momentum = 0.9, .nesterov = true, .weight_decay = 0.02})),
               {0.49722401076035933, 0.69206473947973257, -0.63993526383564592, 0.87169527271768821}, golden_tolerance);
}

TEST(Adam, WithL2IsTorchs) {
  expect_close(Training().ten_steps(adam({.weight_decay = 0.02})),
               {0.52099727593879874, -0.79588386306240144, 1.5121719874253599, 0.38202358928205438}, golden_tolerance);
}

TEST(AdamW, IsTorchs) {
  expect_close(Training().ten_steps(adam({.weight_decay = 0.02, .decoupled = true})), adamw_golden, golden_tolerance);
}

TEST(AdamW, WithOtherOptionsAndClippingIsTorchs) {
  const nn::AdamOptions options{.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.02, .decoupled = true};
  expect_close(Training(DType::f64, 1.5).ten_steps(adam(options)),
               {0.45482189998925554, -0.77142309217259075, 1.4798155097202577, 0.38804386788302814}, golden_tolerance);
}

TEST(AdamW, InFloat32StaysClose) {
  // Measured: 2e-7, the rounding of ten steps.
  expect_close(Training(DType::f32).ten_steps(adam({.weight_decay = 0.02, .decoupled = true})), adamw_golden, 1e-6);
}

TEST(AdamW, LearningRateScaleOfAGroupIsAFactorOfTheLearningRate) {
  Training half, scaled;
  half.at(nn::step_state::learning_rate) = 0.025;
  EXPECT_EQ(half.ten_steps(adam({.weight_decay = 0.02, .decoupled = true})),
            scaled.ten_steps(adam({.weight_decay = 0.02, .decoupled = true, .learning_rate_scale = 0.5})));
}

TEST(Clipping, OfTheNormIsTorchs) {
  expect_close(Training(DType::f64, 1.5).ten_steps(sgd({.momentum = 0.9})),
               {0.48489541694125776, -0.11738162747338686, -0.16906426915035877, 0.51256652308523398},
               golden_tolerance);
}

TEST(Clipping, LeavesSmallGradientsAlone) {
  const Training t(DType::f64, 1e9);
  t.set_gradient(1);
  t.prepare();
  EXPECT_EQ(t.at(nn::step_state::gradient_scale), 1);
  double norm = 0;
  for (const double g : t.gradient.to_vector<double>()) norm += g * g;
  EXPECT_DOUBLE_EQ(t.at(nn::step_state::gradient_norm), std::sqrt(norm));
}

TEST(SumOfSquares, DoesNotDependOnThreadsAndAddsInDouble) {
  constexpr std::int64_t count = 100003;
  const Tensor x = Tensor::empty(nn::vector_shape(count));
  nn::fill(0.1, x);
  const Tensor sum = Tensor::empty(nn::vector_shape(1), DType::f64);
  const int threads = nn::thread_count();
  std::vector<double> sums;
  for (const int n : {1, 2, 3}) {
    nn::set_thread_count(n);
    nn::sum_of_squares(x, sum);
    sums.push_back(sum.item());
  }
  nn::set_thread_count(threads);
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
  const double square = static_cast<double>(0.1F) * static_cast<double>(0.1F);
  EXPECT_NEAR(sums[0], square * count, 1e-9);
}

class Bfloat16Copy : public testing::TestWithParam<bool> {
 public:
  static void update(const Training& t, const Tensor& copy) {
    if (GetParam()) {
      nn::adam_update(t.value, t.gradient, t.first, t.second, {.decoupled = true}, t.state, copy);
    } else {
      nn::sgd_update(t.value, t.gradient, t.first, {}, t.state, copy);
    }
  }
  static std::vector<double> in_double(const Tensor& tensor) {
    const Tensor values = Tensor::empty(tensor.shape(), DType::f64);
    nn::cast(tensor, values);
    return values.to_vector<double>();
  }
};

TEST_P(Bfloat16Copy, IsTheValuesRounded) {
  const Training t(DType::f32);
  const Tensor copy = Tensor::zeros(t.value.shape(), DType::bf16),
               expected = Tensor::empty(t.value.shape(), DType::bf16);
  t.ten_steps([&](const Training& training) { update(training, copy); });
  nn::cast(t.value, expected);
  EXPECT_EQ(in_double(copy), in_double(expected));
  EXPECT_NE(in_double(copy), t.values());
}

TEST_P(Bfloat16Copy, StaysWhenTheUpdateIsSkipped) {
  const Training t(DType::f32);
  const Tensor copy = Tensor::empty(t.value.shape(), DType::bf16);
  nn::fill(3, copy);
  nn::fill(std::numeric_limits<double>::quiet_NaN(), t.gradient);
  t.prepare();
  update(t, copy);
  EXPECT_EQ(in_double(copy), std::vector<double>(4, 3.0));
}

TEST_P(Bfloat16Copy, OfAnotherTypeIsAnError) {
  const Training t(DType::f32);
  EXPECT_THROW(update(t, Tensor::zeros(t.value.shape())), nn::Error);
}

INSTANTIATE_TEST_SUITE_P(Optimizers, Bfloat16Copy, testing::Bool(),
                         [](const auto& which) { return which.param ? "Adam" : "Sgd"; });

class NonFiniteGradient : public testing::TestWithParam<double> {};

TEST_P(NonFiniteGradient, SkipsTheUpdateAndTouchesNothing) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Training t(dtype);
    t.ten_steps(adam({.decoupled = true}));
    const auto bytes = [](const Tensor& tensor) {
      return std::string(static_cast<const char*>(tensor.raw()),
                         static_cast<std::size_t>(tensor.elements()) * nn::size_of(tensor.dtype()));
    };
    const std::string value = bytes(t.value), first = bytes(t.first), second = bytes(t.second);
    const double steps = t.at(nn::step_state::step);
    const Tensor one = t.gradient.flat_range(2, nn::vector_shape(1));
    nn::fill(GetParam(), one);
    t.prepare();
    nn::adam_update(t.value, t.gradient, t.first, t.second, {.decoupled = true}, t.state, {});
    nn::sgd_update(t.value, t.gradient, t.first, {}, t.state, {});
    EXPECT_EQ(bytes(t.value), value);
    EXPECT_EQ(bytes(t.first), first);
    EXPECT_EQ(bytes(t.second), second);
    EXPECT_EQ(t.at(nn::step_state::step), steps);
    EXPECT_EQ(t.at(nn::step_state::skipped), 1);
    EXPECT_EQ(t.at(nn::step_state::skipped_in_a_row), 1);

    t.set_gradient(11);
    t.prepare();
    nn::adam_update(t.value, t.gradient, t.first, t.second, {.decoupled = true}, t.state, {});
    EXPECT_NE(bytes(t.value), value);
    EXPECT_EQ(t.at(nn::step_state::step), steps + 1);
    EXPECT_EQ(t.at(nn::step_state::skipped), 0);
    EXPECT_EQ(t.at(nn::step_state::skipped_in_a_row), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, NonFiniteGradient,
                         testing::Values(std::numeric_limits<double>::quiet_NaN(),
                                         std::numeric_limits<double>::infinity(),
                                         -std::numeric_limits<double>::infinity()));

}  // namespace
