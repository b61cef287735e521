#include "nn/ops/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nn/autograd/tape.h"
#include "nn/core/allocator.h"
#include "nn/core/parallel.h"
#include "nn/tensor/copy.h"
#include "tests/support/canary.h"
#include "tests/support/register_op_cases.h"

namespace {

using nn::Tensor;
using nn::Variable;
using test::Variables;

Tensor random_state(std::int32_t seed, std::int32_t step, nn::Device device = nn::Device::cpu) {
  return nn::to_device(Tensor::from<std::int32_t>(nn::vector_shape(4), {seed, 0, step, 0}), device);
}

Variables dropout(const Variables& in) {
  return {nn::dropout(in[0], random_state(7, 3, in[0].value().device()), {.probability = 0.3, .stream = 2})};
}
void dropout_into(const Variables& in, const Variables& out) {
  nn::dropout_into(in[0], random_state(7, 3, in[0].value().device()), {.probability = 0.3, .stream = 2}, out[0]);
}

const bool registered = test::register_op_cases(
    "Dropout",
    {{.name = "OfPixels", .inputs = {{.shape = {2, 3, 5, 7}}}, .function = dropout, .into = dropout_into},
     {.name = "OfOnePixel", .inputs = {{.shape = {3, 1, 1, 13}}}, .function = dropout, .into = dropout_into}});

Tensor ones(nn::Shape shape) {
  const std::vector<float> values(static_cast<std::size_t>(shape.elements()), 1.0F);
  return Tensor::from<float>(shape, values);
}

std::vector<float> mask(nn::Shape shape, std::int32_t seed, std::int32_t step, const nn::DropoutSettings& settings) {
  return nn::dropout(Variable(ones(shape)), random_state(seed, step), settings).value().to_vector<float>();
}

TEST(Dropout, KeepsTheMeanAndTheProbability) {
  const std::vector<float> values = mask({64, 16, 16, 8}, 1, 0, {.probability = 0.2});
  const auto kept = values.size() - static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0F));
  // 131072 elements: a standard deviation of 0.0011.
  EXPECT_NEAR(static_cast<double>(kept) / static_cast<double>(values.size()), 0.8, 0.005);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 1.25F);
}

TEST(Dropout, WithProbabilityZeroIsTheIdentity) {
  const nn::Shape shape{2, 3, 5, 7};
  EXPECT_EQ(mask(shape, 1, 0, {.probability = 0}), ones(shape).to_vector<float>());
}

TEST(Dropout, RefusesProbabilityOne) { EXPECT_THROW(mask({1, 1, 1, 4}, 1, 0, {.probability = 1}), nn::Error); }

TEST(Dropout, DependsOnSeedStepAndStreamAlone) {
  const nn::Shape shape{2, 9, 5, 7};
  const std::vector<float> first = mask(shape, 1, 5, {.stream = 3});
  EXPECT_EQ(first, mask(shape, 1, 5, {.stream = 3}));
  EXPECT_NE(first, mask(shape, 2, 5, {.stream = 3}));
  EXPECT_NE(first, mask(shape, 1, 6, {.stream = 3}));
  EXPECT_NE(first, mask(shape, 1, 5, {.stream = 4}));
}

// The mask goes by an element's number: a wider buffer, another shape and more threads change nothing.
TEST(Dropout, HasTheSameBitsForAnyPitchShapeAndNumberOfThreads) {
  const nn::Shape shape{8, 33, 31, 13};
  const int before = nn::thread_count();
  nn::set_thread_count(1);
  const std::vector<float> expected = mask(shape, 1, 5, {.probability = 0.4});
  nn::set_thread_count(3);
  EXPECT_EQ(mask(shape, 1, 5, {.probability = 0.4}), expected);
  EXPECT_EQ(mask({8, 31, 33, 13}, 1, 5, {.probability = 0.4}), expected);
  EXPECT_EQ(mask({8, 33, 1, 13 * 31}, 1, 5, {.probability = 0.4}), expected);
  const test::Framed framed(ones(shape));
  const Tensor y = Tensor::empty(shape);
  nn::apply_dropout(framed.inside(), random_state(1, 5), {.probability = 0.4}, y, 0);
  EXPECT_EQ(y.to_vector<float>(), expected);
  nn::set_thread_count(before);
}

TEST(Dropout, StoresNoMask) {
  nn::Tape tape;
  const Variable x = Variable::leaf(ones({1, 1, 1, 1024}), &tape);
  const Tensor state = random_state(1, 2);
  const std::size_t before = nn::memory_use(nn::Device::cpu).live;
  const Variable y = nn::dropout(x, state, {});
  EXPECT_EQ(nn::memory_use(nn::Device::cpu).live - before, 1024 * sizeof(float));  // y alone
  tape.backward_from(y, ones({1, 1, 1, 1024}));
  EXPECT_EQ(x.gradient().to_vector<float>(), y.value().to_vector<float>());
}

}  // namespace
