// The optimizer's and the losses' kernels of a device against the CPU's. Needs a device: a GPU, or tests/threads.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/optimizer.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;

class UpdateKernels : public testing::Test {
 public:
  void SetUp() override {
    if (!nn::has_device(Device::cuda)) GTEST_SKIP() << "no CUDA device in this program";
  }
};
class LossKernels : public UpdateKernels {};

Tensor drawn(const Shape& shape, std::uint64_t seed, const test::Values& values, Device device) {
  nn::Random random(seed);
  const Tensor host = Tensor::empty(shape);
  nn::cast(Tensor::from<double>(shape, values(shape.elements(), random)), host);
  return nn::to_device(host, device);
}

/// A flat segment with all that an optimizer keeps for it.
struct Training {
  Tensor value, gradient, first, second, copy, sum, state;

  Training(std::int64_t elements, Device device)
      : value(drawn(nn::vector_shape(elements), 1, test::normal(), device)),
        gradient(drawn(nn::vector_shape(elements), 2, test::normal(), device)),
        first(Tensor::zeros(nn::vector_shape(elements), DType::f32, device)),
        second(Tensor::zeros(nn::vector_shape(elements), DType::f32, device)),
        copy(Tensor::zeros(nn::vector_shape(elements), DType::bf16, device)),
        sum(Tensor::zeros(nn::vector_shape(1), DType::f64, device)),
        state(nn::to_device(Tensor::from<double>(nn::vector_shape(nn::step_state::size), {0.01, 0, 0, 0, 0, 0}),
                            device)) {}

  void adam() const {
    nn::sum_of_squares(gradient, sum);
    nn::prepare_update(sum, 1, state);
    nn::adam_update(value, gradient, first, second, {.weight_decay = 0.1, .decoupled = true}, state, copy);
  }
  void sgd() const {
    nn::sum_of_squares(gradient, sum);
    nn::prepare_update(sum, 1, state);
    nn::sgd_update(value, gradient, first, {.nesterov = true, .weight_decay = 0.1}, state, {});
  }
};

void expect_same(const Training& actual, const Training& expected) {
  // The GPU fuses multiplications with additions: the last bit of f32 may differ.
  EXPECT_EQ(test::difference("value", actual.value, expected.value, 5e-7), "");
  EXPECT_EQ(test::difference("first", actual.first, expected.first, 5e-7), "");
  EXPECT_EQ(test::difference("second", actual.second, expected.second, 5e-7), "");
  EXPECT_EQ(test::difference("state", actual.state, expected.state, 1e-12), "");
}

TEST_F(UpdateKernels, AreTheCpus) {
  for (const std::int64_t elements : {1, 3, 16, 1000, 5003}) {
    const Training device(elements, Device::cuda), cpu(elements, Device::cpu);
    for (const Training* t : {&device, &cpu}) {
      t->adam();
      t->adam();
    }
    expect_same(device, cpu);
    const Tensor rounded = Tensor::empty(device.value.shape(), DType::bf16, Device::cuda);
    nn::cast(device.value, rounded);
    EXPECT_EQ(test::values_of(device.copy), test::values_of(rounded));
    for (const Training* t : {&device, &cpu}) t->sgd();
    expect_same(device, cpu);
  }
}

TEST_F(UpdateKernels, TakeSegmentsThatBeginAnywhere) {
  const Tensor flat = Tensor::zeros(nn::vector_shape(64), DType::f32, Device::cuda);
  Training device(21, Device::cuda);
  const Training cpu(21, Device::cpu);
  const Tensor segment = flat.flat_range(3, nn::vector_shape(21));
  nn::copy_into(device.value, segment);
  device.value = segment;
  device.adam();
  cpu.adam();
  expect_same(device, cpu);
  const auto values = test::values_of(flat);
  for (const std::size_t beside : {0U, 1U, 2U, 24U, 25U, 63U}) EXPECT_EQ(values[beside], 0) << beside;
}

TEST_F(UpdateKernels, SkipAStepWhoseGradientIsNotFinite) {
  const Training device(100, Device::cuda), untouched(100, Device::cpu);
  nn::fill(std::numeric_limits<double>::infinity(), device.gradient.flat_range(7, nn::vector_shape(1)));
  device.adam();
  device.sgd();
  EXPECT_EQ(test::values_of(device.value), test::values_of(untouched.value));
  EXPECT_EQ(test::values_of(device.copy), std::vector<double>(100, 0));
  const auto state = test::values_of(device.state);
  EXPECT_EQ(state[nn::step_state::skipped], 1);
  EXPECT_EQ(state[nn::step_state::skipped_in_a_row], 2);
  EXPECT_EQ(state[nn::step_state::step], 0);
}

TEST_F(UpdateKernels, AddSquaresInFloat64) {
  for (const std::int64_t elements : {1, 1023, 100003, 4300001}) {
    const Tensor x = Tensor::empty(nn::vector_shape(elements), DType::f32, Device::cuda);
    const Tensor sum = Tensor::empty(nn::vector_shape(1), DType::f64, Device::cuda);
    nn::fill(0.1, x);
    nn::sum_of_squares(x, sum);
    const double square = static_cast<double>(0.1F) * static_cast<double>(0.1F);
    EXPECT_NEAR(sum.item() / (square * static_cast<double>(elements)), 1, 1e-12) << elements;
  }
}

/// The loss, and its gradient added to ones.
struct Losses {
  Tensor loss, gradient;
};

Losses bce(std::int64_t rows, std::int64_t c, bool masked, Device device) {
  const Shape shape = nn::matrix_shape(rows, c);
  const Tensor logits = drawn(shape, 1, test::normal(0, 5), device),
               targets = drawn(shape, 2, test::uniform(0, 1), device);
  const Tensor weights = drawn(nn::vector_shape(c), 3, test::uniform(0.5, 2), device);
  Tensor mask;
  if (masked) {
    const Tensor host = drawn(shape, 4, test::zeros_and_ones(0.7), Device::cpu);
    for (std::int64_t i = 0; i < rows; ++i) host.row<float>(i)[0] = 0;  // a label that nobody knows
    mask = nn::to_device(host, device);
    nn::fill(std::numeric_limits<double>::quiet_NaN(), logits.channel_range(0, 1));
  }
  const Tensor upstream = drawn(nn::vector_shape(1), 5, test::normal(), device);
  const Tensor loss = Tensor::empty(nn::vector_shape(1), DType::f32, device);
  const Tensor gradient = Tensor::empty(shape, DType::f32, device);
  nn::sigmoid_bce_forward(logits, targets, mask, weights, loss);
  nn::fill(1, gradient);
  nn::sigmoid_bce_backward(logits, targets, mask, weights, upstream, gradient, 1);
  return {loss, gradient};
}

Losses cross_entropy(std::int64_t rows, std::int64_t c, Device device) {
  const Shape shape = nn::matrix_shape(rows, c);
  const Tensor logits = drawn(shape, 1, test::normal(0, 20), device);
  nn::Random random(7);
  std::vector<std::int32_t> numbers;
  for (std::int64_t i = 0; i < rows; ++i)
    numbers.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(c))));
  const Tensor classes = nn::to_device(
      Tensor::from<std::int32_t>(nn::matrix_shape(rows, 1), std::span<const std::int32_t>(numbers)), device);
  const Tensor upstream = drawn(nn::vector_shape(1), 5, test::normal(), device);
  const Tensor loss = Tensor::empty(nn::vector_shape(1), DType::f32, device);
  const Tensor gradient = Tensor::empty(shape, DType::f32, device);
  nn::softmax_cross_entropy_forward(logits, classes, loss);
  nn::fill(std::numeric_limits<double>::quiet_NaN(), gradient);
  nn::softmax_cross_entropy_backward(logits, classes, upstream, gradient, 0);
  return {loss, gradient};
}

void expect_same(const Losses& actual, const Losses& expected) {
  // Both add up in f64 and round once.
  EXPECT_EQ(test::difference("loss", actual.loss, expected.loss, 2e-7), "");
  EXPECT_EQ(test::difference("gradient", actual.gradient, expected.gradient, 2e-7), "");
}

TEST_F(LossKernels, OfLabelsAreTheCpus) {
  for (const bool masked : {false, true}) {
    for (const std::int64_t rows : {1, 32, 700})
      expect_same(bce(rows, 6, masked, Device::cuda), bce(rows, 6, masked, Device::cpu));
  }
}

TEST_F(LossKernels, OfClassesAreTheCpus) {
  for (const std::int64_t rows : {1, 32, 300}) {
    for (const std::int64_t c : {1, 2, 6, 257, 1000})
      expect_same(cross_entropy(rows, c, Device::cuda), cross_entropy(rows, c, Device::cpu));
  }
}

TEST_F(LossKernels, OfNothingKnownAreZero) {
  const Shape shape = nn::matrix_shape(4, 6);
  const Tensor zeros = Tensor::zeros(shape, DType::f32, Device::cuda),
               loss = Tensor::zeros(nn::vector_shape(1), DType::f32, Device::cuda);
  const Tensor weights = drawn(nn::vector_shape(6), 3, test::uniform(0.5, 2), Device::cuda);
  nn::fill(7, loss);
  nn::sigmoid_bce_forward(zeros, zeros, zeros, weights, loss);
  EXPECT_EQ(loss.item(), 0);
}

TEST_F(LossKernels, OfAClassThatIsNoneAreNan) {
  const Tensor logits = Tensor::zeros(nn::matrix_shape(2, 3), DType::f32, Device::cuda);
  const Tensor classes = nn::to_device(Tensor::from<std::int32_t>(nn::matrix_shape(2, 1), {1, 3}), Device::cuda);
  const Tensor loss = Tensor::zeros(nn::vector_shape(1), DType::f32, Device::cuda);
  nn::softmax_cross_entropy_forward(logits, classes, loss);
  EXPECT_TRUE(std::isnan(loss.item()));
}

}  // namespace
