#include "nn/ops/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/autograd/tape.h"
#include "nn/core/parallel.h"
#include "nn/kernels/batch_norm.h"
#include "nn/ops/activation.h"
#include "tests/nn/ops/textbook_batch_norm.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/register_op_cases.h"

namespace {

using nn::Tensor;
using nn::Variable;
using test::Variables;

Variables statistics(const Variables& in) {
  const auto [mean, variance] = nn::channel_statistics(in[0]);
  return {mean, variance};
}
void statistics_into(const Variables& in, const Variables& out) {
  nn::channel_statistics_into(in[0], {out[0], out[1]});
}

const bool registered_statistics = test::register_op_cases(
    "ChannelStatistics",
    {{.name = "OfPixels", .inputs = {{.shape = {2, 3, 5, 7}}}, .function = statistics, .into = statistics_into},
     {.name = "OfOnePixel", .inputs = {{.shape = {3, 1, 1, 13}}}, .function = statistics, .into = statistics_into},
     // The mean is 30 deviations. A plain sum of squares in f32 would be wrong by 1e-4.
     {.name = "FarFromZero",
      .inputs = {{.shape = {4, 5, 3, 6}, .values = test::normal(30, 1)}},
      .function = statistics,
      .into = statistics_into}});

// Inputs of normalize: x, mean, variance, gamma, beta.
std::vector<test::Input> normalize_inputs(nn::Shape x) {
  const nn::Shape vector = nn::vector_shape(x.c);
  return {{.shape = x},
          {.shape = vector, .role = test::Role::vector},
          {.shape = vector, .values = test::uniform(0.5, 2), .role = test::Role::vector},
          {.shape = vector, .values = test::away_from_zero(), .role = test::Role::vector},
          {.shape = vector, .role = test::Role::vector}};
}

std::vector<test::Input> with_constant_statistics(std::vector<test::Input> inputs) {
  inputs[1].gradient = inputs[2].gradient = false;
  return inputs;
}

Variables normalize(const Variables& in) { return {nn::normalize(in[0], {in[1], in[2]}, in[3], in[4])}; }
void normalize_into(const Variables& in, const Variables& out) {
  nn::normalize_into(in[0], {in[1], in[2]}, in[3], in[4], out[0]);
}
Variables normalize_relu(const Variables& in) {
  return {nn::normalize(in[0], {in[1], in[2]}, in[3], in[4], {.relu = true})};
}
void normalize_relu_into(const Variables& in, const Variables& out) {
  nn::normalize_into(in[0], {in[1], in[2]}, in[3], in[4], out[0], {.relu = true});
}
Variables normalize_then_relu(const Variables& in) { return {nn::relu(normalize(in)[0])}; }

const bool registered_normalize = test::register_op_cases(
    "Normalize",
    {{.name = "OfPixels", .inputs = normalize_inputs({2, 3, 5, 7}), .function = normalize, .into = normalize_into},
     {.name = "OfOnePixel", .inputs = normalize_inputs({3, 1, 1, 13}), .function = normalize, .into = normalize_into},
     {.name = "WithRunningStatistics",
      .inputs = with_constant_statistics(normalize_inputs({2, 3, 5, 7})),
      .function = normalize,
      .into = normalize_into},
     {.name = "WithRelu",
      .inputs = normalize_inputs({2, 3, 5, 7}),
      .function = normalize_relu,
      .into = normalize_relu_into,
      .reference = normalize_then_relu},
     {.name = "WithReluOfOnePixel",
      .inputs = normalize_inputs({3, 1, 1, 13}),
      .function = normalize_relu,
      .into = normalize_relu_into,
      .reference = normalize_then_relu}});

// Batch norm as a layer has it. Inputs: x, gamma, beta.
std::vector<test::Input> batch_norm_inputs(nn::Shape x) {
  const nn::Shape vector = nn::vector_shape(x.c);
  return {{.shape = x},
          {.shape = vector, .values = test::away_from_zero(), .role = test::Role::vector},
          {.shape = vector, .role = test::Role::vector}};
}
Variables batch_norm(const Variables& in) {
  return {nn::normalize(in[0], nn::channel_statistics(in[0]), in[1], in[2])};
}
Variables batch_norm_relu(const Variables& in) {
  return {nn::normalize(in[0], nn::channel_statistics(in[0]), in[1], in[2], {.relu = true})};
}
Variables textbook(const Variables& in) { return {test::textbook_batch_norm(in[0], in[1], in[2], 1e-5)}; }
Variables textbook_relu(const Variables& in) { return {nn::relu(textbook(in)[0])}; }

const bool registered_batch_norm = test::register_op_cases(
    "BatchNorm",
    {{.name = "OfPixels", .inputs = batch_norm_inputs({2, 3, 5, 7}), .function = batch_norm, .reference = textbook},
     {.name = "OfOnePixel", .inputs = batch_norm_inputs({5, 1, 1, 13}), .function = batch_norm, .reference = textbook},
     {.name = "WithRelu",
      .inputs = batch_norm_inputs({2, 3, 5, 7}),
      .function = batch_norm_relu,
      .reference = textbook_relu},
     // Two consumers of one feature map share its statistics: gradients of mean and variance gather.
     {.name = "WithSharedStatistics",
      .inputs = batch_norm_inputs({2, 3, 5, 7}),
      .function = [](const Variables& in) -> Variables {
        const auto shared = nn::channel_statistics(in[0]);
        return {nn::normalize(in[0], shared, in[1], in[2]), nn::normalize(in[0], shared, in[2], in[1], {.relu = true}),
                nn::sigmoid(in[0])};
      },
      .reference = [](const Variables& in) -> Variables {
        return {textbook(in)[0], nn::relu(test::textbook_batch_norm(in[0], in[2], in[1], 1e-5)), nn::sigmoid(in[0])};
      }}});

TEST(ChannelStatistics, IsSoundWhereTheMeanIsLarge) {
  const std::int64_t rows = 100000;
  const Tensor x = Tensor::empty({1, 1, rows, 2});
  for (std::int64_t r = 0; r < rows; ++r) {
    x.row<float>(r)[0] = 4096.0F + (r % 2 == 0 ? 0.5F : -0.5F);
    x.row<float>(r)[1] = static_cast<float>(r % 5) - 2.0F;
  }
  const auto [mean, variance] = nn::channel_statistics(Variable(x));
  EXPECT_FLOAT_EQ(mean.value().data<float>()[0], 4096.0F);
  EXPECT_FLOAT_EQ(variance.value().data<float>()[0], 0.25F);
  EXPECT_NEAR(mean.value().data<float>()[1], 0, 1e-7);
  EXPECT_FLOAT_EQ(variance.value().data<float>()[1], 2);
}

TEST(ChannelStatistics, OfAConstantHasNoVariance) {
  const Tensor x = Tensor::from<float>({4, 1, 1, 1}, {0.1F, 0.1F, 0.1F, 0.1F});
  const auto [mean, variance] = nn::channel_statistics(Variable(x));
  EXPECT_EQ(mean.value().item(), static_cast<double>(0.1F));
  EXPECT_EQ(variance.value().item(), 0);
}

/// Runs batch norm with ReLU forward and backward over several chunks and returns the bits of every result.
std::vector<std::vector<float>> batch_norm_bits() {
  const nn::Shape shape{3, 41, 37, 24};
  nn::Random random(5);
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  for (float& value : values) value = random.normal();
  nn::Tape tape;
  const Variable x = Variable::leaf(Tensor::from<float>(shape, values), &tape);
  const Variable gamma = Variable::leaf(Tensor::from<float>(nn::vector_shape(24), std::vector<float>(24, 1.5F)), &tape);
  const Variable beta = Variable::leaf(Tensor::zeros(nn::vector_shape(24)), &tape);
  const Variable y = nn::normalize(x, nn::channel_statistics(x), gamma, beta, {.relu = true});
  tape.backward_from(y, x.value());
  return {y.value().to_vector<float>(), x.gradient().to_vector<float>(), gamma.gradient().to_vector<float>(),
          beta.gradient().to_vector<float>()};
}

TEST(BatchNorm, HasTheSameBitsForAnyNumberOfThreads) {
  const int before = nn::thread_count();
  nn::set_thread_count(1);
  const auto one = batch_norm_bits();
  nn::set_thread_count(3);
  const auto three = batch_norm_bits();
  nn::set_thread_count(before);
  EXPECT_EQ(one, three);
}

TEST(BatchNorm, EqualsPyTorch) {
  const auto golden = test::read_golden("tests/nn/ops/golden/batch_norm.txt");
  nn::Tape tape;
  const Variable x = Variable::leaf(golden.at("x"), &tape), gamma = Variable::leaf(golden.at("gamma"), &tape);
  const Variable beta = Variable::leaf(golden.at("beta"), &tape);
  const auto statistics = nn::channel_statistics(x);
  const Variable y = nn::normalize(x, statistics, gamma, beta);
  tape.backward_from(y, golden.at("dy"));
  EXPECT_EQ(test::difference("y", y.value(), golden.at("y"), 1e-12), "");
  EXPECT_EQ(test::difference("dx", x.gradient(), golden.at("dx"), 1e-12), "");
  EXPECT_EQ(test::difference("dgamma", gamma.gradient(), golden.at("dgamma"), 1e-12), "");
  EXPECT_EQ(test::difference("dbeta", beta.gradient(), golden.at("dbeta"), 1e-12), "");

  const Tensor running_mean = golden.at("running_mean_before"), running_variance = golden.at("running_variance_before");
  nn::update_running_statistics(statistics.mean.value(), statistics.variance.value(), x.value().rows(), 0.1,
                                running_mean, running_variance);
  EXPECT_EQ(test::difference("running mean", running_mean, golden.at("running_mean"), 1e-12), "");
  EXPECT_EQ(test::difference("running variance", running_variance, golden.at("running_variance"), 1e-12), "");
  const Variable inferred = nn::normalize(x, {Variable(running_mean), Variable(running_variance)}, gamma, beta);
  EXPECT_EQ(test::difference("inference", inferred.value(), golden.at("y_inference"), 1e-12), "");
}

TEST(BatchNorm, RefusesRunningStatisticsOfOneValue) {
  const Tensor one = Tensor::zeros(nn::vector_shape(3));
  EXPECT_THROW(nn::update_running_statistics(one, one, 1, 0.1, one, one), nn::Error);
}

TEST(Normalize, LetsANanThrough) {
  const Tensor x = Tensor::from<float>({2, 1, 1, 1}, {NAN, 1});
  const Variable zero(Tensor::from<float>({1, 1, 1, 1}, {0})), one(Tensor::from<float>({1, 1, 1, 1}, {1}));
  const Variable y = nn::normalize(Variable(x), {zero, one}, one, zero);
  EXPECT_TRUE(std::isnan(y.value().data<float>()[0]));
  EXPECT_FALSE(std::isnan(y.value().data<float>()[1]));
  const Variable cut = nn::normalize(Variable(x), {zero, one}, one, zero, {.relu = true});
  EXPECT_TRUE(std::isnan(cut.value().data<float>()[0]));
}

TEST(ChannelStatistics, LetANanThrough) {
  const auto [mean, variance] = nn::channel_statistics(Variable(Tensor::from<float>({2, 1, 1, 1}, {NAN, 1})));
  EXPECT_TRUE(std::isnan(mean.value().item()));
  EXPECT_TRUE(std::isnan(variance.value().item()));
}

TEST(FoldNormalization, ScalesAndShiftsAsNormalizeDoes) {
  const auto vector = [](std::vector<float> values) { return Tensor::from<float>({1, 1, 1, 3}, values); };
  // The third channel's mean is a million deviations.
  const nn::Normalization normalization{.statistics = {Variable(vector({0, 3, 1e6F})), Variable(vector({1, 4, 1}))},
                                        .gamma = Variable(vector({2, 1, 1.1F})),
                                        .beta = Variable(vector({0, -1, 0.5F})),
                                        .options = {.epsilon = 0}};
  const auto [scale, shift] = nn::fold(normalization);
  EXPECT_EQ(scale.to_vector<float>(), (std::vector<float>{2, 0.5F, 1.1F}));
  EXPECT_EQ(shift.to_vector<float>(), (std::vector<float>{0, -2.5F, static_cast<float>(0.5 - 1e6 * double{1.1F})}));
  EXPECT_THROW(nn::fold_normalization(nn::parameters_of(normalization), scale, Tensor::zeros({1, 1, 1, 2})), nn::Error);
}

TEST(Normalize, RefusesVectorsOfAnotherShape) {
  const Variable x(Tensor::zeros({2, 1, 1, 3})), vector(Tensor::zeros({1, 1, 1, 3})),
      column(Tensor::zeros({3, 1, 1, 1}));
  EXPECT_THROW(nn::normalize(x, {vector, vector}, column, vector), nn::Error);
  EXPECT_THROW(nn::normalize(x, {vector, vector}, vector, Variable()), nn::Error);
}

}  // namespace
