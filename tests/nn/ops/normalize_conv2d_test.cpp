#include "nn/ops/normalize_conv2d.h"

#include <gtest/gtest.h>

#include "nn/autograd/tape.h"
#include "nn/core/allocator.h"
#include "nn/ops/add.h"
#include "nn/ops/conv2d.h"
#include "tests/support/compare.h"
#include "tests/support/register_op_cases.h"

namespace {

using nn::Normalization;
using nn::Tensor;
using nn::Variable;
using test::Variables;

constexpr nn::ConvGeometry padded{.padding = nn::pad(1)}, pointwise{};

// Inputs: x, mean, variance, gamma, beta, w.
std::vector<test::Input> inputs(nn::Shape x, nn::Shape w) {
  const nn::Shape vector = nn::vector_shape(x.c);
  return {{.shape = x},
          {.shape = vector, .role = test::Role::vector},
          {.shape = vector, .values = test::uniform(0.5, 2), .role = test::Role::vector},
          {.shape = vector, .values = test::away_from_zero(), .role = test::Role::vector},
          {.shape = vector, .role = test::Role::vector},
          {.shape = w, .role = test::Role::weights}};
}
Normalization normalization(const Variables& in) {
  return {.statistics = {in[1], in[2]}, .gamma = in[3], .beta = in[4], .options = {.relu = true}};
}

template <const nn::ConvGeometry& geometry>
Variables fused(const Variables& in) {
  return {nn::normalize_conv2d(in[0], normalization(in), in[5], geometry)};
}
template <const nn::ConvGeometry& geometry>
void fused_into(const Variables& in, const Variables& out) {
  nn::normalize_conv2d_into(in[0], normalization(in), in[5], out[0], geometry);
}
template <const nn::ConvGeometry& geometry>
Variables two_ops(const Variables& in) {
  const Variable z = nn::normalize(in[0], {in[1], in[2]}, in[3], in[4], {.relu = true});
  return {nn::conv2d(z, in[5], {}, {.geometry = geometry})};
}

/// y, its mean and its variance.
void measured_into(const Variables& in, const Variables& out) {
  nn::normalize_conv2d_into(in[0], normalization(in), in[5], out[0], padded, {.statistics = {out[1], out[2]}});
}
Variables measured(const Variables& in) {
  const Variable y = Variable::output(nn::conv2d_output_shape(in[0].shape(), in[5].shape(), padded),
                                      {&in[0], &in[1], &in[2], &in[3], &in[4], &in[5]});
  const auto [mean, variance] = nn::room_for_statistics(y);
  measured_into(in, {y, mean, variance});
  return {y, mean, variance};
}
Variables three_ops(const Variables& in) {
  const Variable y = two_ops<padded>(in)[0];
  const auto [mean, variance] = nn::channel_statistics(y);
  return {y, mean, variance};
}

/// The same beside a skip connection, the last input.
void added_into(const Variables& in, const Variables& out) {
  nn::normalize_conv2d_into(in[0], normalization(in), in[5], out[0], padded, {.statistics = {out[1], out[2]}}, in[6]);
}
Variables added(const Variables& in) {
  const Variable y = Variable::output(in[6].shape(), {&in[0], &in[1], &in[2], &in[3], &in[4], &in[5], &in[6]});
  const auto [mean, variance] = nn::room_for_statistics(y);
  added_into(in, {y, mean, variance});
  return {y, mean, variance};
}
Variables four_ops(const Variables& in) {
  const Variable y = nn::add(in[6], two_ops<padded>(in)[0]);
  const auto [mean, variance] = nn::channel_statistics(y);
  return {y, mean, variance};
}
std::vector<test::Input> inputs_with_skip() {
  std::vector<test::Input> all = inputs({2, 4, 5, 7}, {6, 3, 3, 7});
  all.push_back({.shape = {2, 4, 5, 6}});
  return all;
}

const bool registered_measured =
    test::register_op_cases("NormalizeConv2d", {{.name = "WithStatistics",
                                                 .inputs = inputs({2, 4, 5, 7}, {6, 3, 3, 7}),
                                                 .function = measured,
                                                 .into = measured_into,
                                                 .reference = three_ops,
                                                 .precision = 2e-6},
                                                {.name = "BesideASkipConnection",
                                                 .inputs = inputs_with_skip(),
                                                 .function = added,
                                                 .into = added_into,
                                                 .reference = four_ops,
                                                 .precision = 2e-6}});

const bool registered = test::register_op_cases("NormalizeConv2d", {{.name = "OfPixels",
                                                                     .inputs = inputs({2, 4, 5, 7}, {6, 3, 3, 7}),
                                                                     .function = fused<padded>,
                                                                     .into = fused_into<padded>,
                                                                     .reference = two_ops<padded>},
                                                                    {.name = "OfOnePixel",
                                                                     .inputs = inputs({3, 1, 1, 13}, {5, 1, 1, 13}),
                                                                     .function = fused<pointwise>,
                                                                     .into = fused_into<pointwise>,
                                                                     .reference = two_ops<pointwise>}});

/// The output and the six gradients in f32, and the bytes that lie on the tape after the forward pass.
struct Result {
  std::vector<std::vector<float>> numbers;
  std::size_t kept = 0;
};
template <class Op>
Result run(const Op& op) {
  nn::Random random(7);
  nn::Tape tape;
  Variables in;
  for (const test::Input& input : inputs({3, 9, 11, 40}, {16, 1, 1, 40})) {
    const std::vector<double> values = input.values(input.shape.elements(), random);
    in.push_back(
        Variable::leaf(Tensor::from<float>(input.shape, std::vector<float>(values.begin(), values.end())), &tape));
  }
  const std::size_t before = nn::memory_use(nn::Device::cpu).live;
  const Variable y = op(in)[0];
  Result result{.numbers = {y.value().to_vector<float>()}, .kept = nn::memory_use(nn::Device::cpu).live - before};
  tape.backward_from(y, y.value());
  for (const Variable& v : in) result.numbers.push_back(v.gradient().to_vector<float>());
  return result;
}

TEST(NormalizeConv2d, KeepsNothingBetweenTheTwoOps) {
  const Result one = run(fused<pointwise>), two = run(two_ops<pointwise>);
  const std::size_t map = sizeof(float) * 3 * 9 * 11;
  EXPECT_LT(one.kept, 17 * map) << "the output alone";
  EXPECT_GE(two.kept, (16 + 40) * map) << "the output and the normalised map";
}

TEST(NormalizeConv2d, TrainsTheNormAloneIfTheWeightIsFrozen) {
  nn::Tape tape;
  const Variable x = Variable::leaf(Tensor::from<float>({1, 1, 1, 1}, {3}), &tape), zero(Tensor::zeros({1, 1, 1, 1}));
  const Variable two(Tensor::from<float>({1, 1, 1, 1}, {2})), four(Tensor::from<float>({1, 1, 1, 1}, {4}));
  const Normalization n{.statistics = {zero, four}, .gamma = two, .beta = zero, .options = {.epsilon = 0}};
  const Variable y = nn::normalize_conv2d(x, n, two);  // 2 * 2 * 3 / sqrt(4)
  EXPECT_EQ(y.value().item(), 6);
  tape.backward(y);
  EXPECT_EQ(x.gradient().item(), 2);
}

TEST(NormalizeConv2d, NormalisesItsOutputInInferenceAlone) {
  nn::Random random(3);
  const auto draw = [&](const nn::Shape& shape, const test::Values& values) {
    return Variable(Tensor::from<double>(shape, values(shape.elements(), random)));
  };
  Variables in;
  for (const test::Input& input : inputs({2, 4, 5, 7}, {6, 3, 3, 7})) in.push_back(draw(input.shape, input.values));
  const nn::Shape vector = nn::vector_shape(6);
  const Normalization then{.statistics = {draw(vector, test::normal()), draw(vector, test::uniform(0.5, 2))},
                           .gamma = draw(vector, test::normal()),
                           .beta = draw(vector, test::normal()),
                           .options = {.relu = true}};
  const Variable expected = nn::normalize(two_ops<padded>(in)[0], then.statistics, then.gamma, then.beta, then.options);
  const Variable y = nn::normalize_conv2d(in[0], normalization(in), in[5], padded, {.normalization = then});
  EXPECT_EQ(test::difference("y", y.value(), expected.value(), 1e-12), "");

  nn::Tape tape;
  const Variable x = Variable::leaf(in[0].value(), &tape);
  EXPECT_THROW(nn::normalize_conv2d(x, normalization(in), in[5], padded, {.normalization = then}), nn::Error);
}

TEST(NormalizeConv2d, RefusesAnOutputThatWouldLoseTheGradient) {
  nn::Tape tape;
  const Variable x = Variable::leaf(Tensor::zeros({1, 2, 2, 3}), &tape), vector(Tensor::zeros({1, 1, 1, 3}));
  const Normalization n{.statistics = {vector, vector}, .gamma = vector, .beta = vector};
  const Variable w(Tensor::zeros({4, 1, 1, 3})), plain(Tensor::zeros({1, 2, 2, 4}));
  EXPECT_THROW(nn::normalize_conv2d_into(x, n, w, plain), nn::Error);
}

}  // namespace
