#include "nn/ops/conv2d.h"

#include <gtest/gtest.h>

#include "nn/autograd/tape.h"
#include "nn/core/allocator.h"
#include "nn/ops/activation.h"
#include "nn/ops/batch_norm.h"
#include "tests/support/register_op_cases.h"

namespace {

using test::OpCase;
using test::Variables;

/// x, w and, if `bias`, b.
OpCase conv_case(const char* name, nn::Shape x, nn::Shape w, const nn::Conv2dOptions& options = {}, bool bias = true) {
  const auto b = [](const Variables& in) { return in.size() > 2 ? in[2] : nn::Variable(); };
  OpCase c{.name = name, .inputs = {{.shape = x}, {.shape = w, .role = test::Role::weights}}, .function = {}};
  if (bias) c.inputs.push_back({.shape = nn::vector_shape(w.n), .role = test::Role::weights});
  c.function = [=](const Variables& in) -> Variables { return {nn::conv2d(in[0], in[1], b(in), options)}; };
  c.into = [=](const Variables& in, const Variables& out) { nn::conv2d_into(in[0], in[1], b(in), out[0], options); };
  if (options.relu) {
    c.reference = [=](const Variables& in) -> Variables {
      return {nn::relu(nn::conv2d(in[0], in[1], b(in), {.geometry = options.geometry}))};
    };
  }
  c.precision = 1e-6;  // measured: at most 3.6e-7
  return c;
}

const bool registered = test::register_op_cases(
    "Conv2d",
    {conv_case("Of1x1", {2, 3, 4, 5}, {7, 1, 1, 5}), conv_case("Of2x2", {2, 4, 5, 3}, {5, 2, 2, 3}),
     conv_case("Of3x3WithSamePadding", {2, 4, 5, 3}, {6, 3, 3, 3}, {.geometry = {.padding = nn::pad(1)}}),
     conv_case("Of7x7WithStride2", {1, 9, 8, 3}, {5, 7, 7, 3},
               {.geometry = {.stride_h = 2, .stride_w = 2, .padding = nn::pad(3)}}),
     conv_case("WithStride2", {2, 6, 5, 3}, {4, 3, 3, 3},
               {.geometry = {.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)}}),
     conv_case("WithStride3By2", {1, 8, 7, 2}, {3, 3, 2, 2}, {.geometry = {.stride_h = 3, .stride_w = 2}}),
     conv_case("WithAStrideWiderThanTheKernel", {2, 5, 7, 3}, {4, 1, 1, 3},
               {.geometry = {.stride_h = 2, .stride_w = 3}}),
     conv_case("WithFourPaddings", {2, 3, 5, 4}, {3, 2, 3, 4},
               {.geometry = {.padding = {.top = 2, .left = 1, .bottom = 0, .right = 3}}}),
     conv_case("OfOnePixel", {3, 1, 1, 5}, {4, 3, 3, 5}, {.geometry = {.padding = nn::pad(1)}}),
     conv_case("OverSeveralTiles", {2, 4, 3, 17}, {35, 2, 2, 17}, {.geometry = {.padding = nn::pad(1)}}, false),
     conv_case("WithoutBias", {2, 3, 4, 5}, {6, 2, 2, 5}, {}, false),
     conv_case("WithRelu", {2, 4, 5, 3}, {6, 3, 3, 3}, {.geometry = {.padding = nn::pad(1)}, .relu = true}),
     conv_case("WithReluAndStride2WithoutBias", {2, 5, 4, 3}, {7, 3, 3, 3},
               {.geometry = {.stride_h = 2, .stride_w = 2}, .relu = true}, false)});

/// Inputs: x, w, b, scale, shift. Beside the op stands the same thing composed: a normalisation by mean 0 and variance
/// 1 scales and shifts, then the plain convolution, then ReLU.
OpCase prologue_case(const char* name, nn::Shape x, nn::Shape w, const nn::ConvGeometry& geometry, bool relu_before,
                     bool relu_behind) {
  const nn::Shape vector = nn::vector_shape(x.c);
  const auto options = [=](const Variables& in) {
    return nn::Conv2dOptions{
        .geometry = geometry, .relu = relu_behind, .prologue = {.scale = in[3], .shift = in[4], .relu = relu_before}};
  };
  return {.name = name,
          .inputs = {{.shape = x},
                     {.shape = w, .role = test::Role::weights},
                     {.shape = nn::vector_shape(w.n), .role = test::Role::weights},
                     {.shape = vector, .values = test::away_from_zero(), .role = test::Role::vector},
                     {.shape = vector, .role = test::Role::vector}},
          .function = [=](const Variables& in) -> Variables { return {nn::conv2d(in[0], in[1], in[2], options(in))}; },
          .into = [=](const Variables& in,
                      const Variables& out) { nn::conv2d_into(in[0], in[1], in[2], out[0], options(in)); },
          .reference = [=](const Variables& in) -> Variables {
            const nn::Variable zero(nn::Tensor::zeros(vector, nn::DType::f64));
            const nn::Variable one(nn::Tensor::from<double>(vector, std::vector<double>(vector.c, 1.0)));
            const nn::Variable z = nn::normalize(in[0], {zero, one}, in[3], in[4], {.epsilon = 0, .relu = relu_before});
            const nn::Variable y = nn::conv2d(z, in[1], in[2], {.geometry = geometry});
            return {relu_behind ? nn::relu(y) : y};
          },
          .precision = 1e-6};  // measured: at most 2.8e-7
}

const bool registered_prologue = test::register_op_cases(
    "Conv2d",
    {prologue_case("WithScaleAndShiftBefore", {2, 4, 5, 3}, {6, 3, 3, 3}, {.padding = nn::pad(1)}, false, false),
     prologue_case("WithReluBeforeAndBehind", {2, 5, 4, 3}, {7, 3, 2, 3}, {.stride_h = 2, .padding = {.left = 1}}, true,
                   true),
     prologue_case("Of1x1WithReluBefore", {2, 4, 3, 17}, {35, 1, 1, 17}, {}, true, false),
     prologue_case("OfOnePixelWithReluBefore", {3, 1, 1, 5}, {4, 1, 1, 5}, {}, true, false)});

// Inputs: x, w, b. Outputs: y, its mean and its variance.
constexpr nn::ConvGeometry strided{.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)};
void measured_into(const Variables& in, const Variables& out) {
  nn::conv2d_into(in[0], in[1], in[2], out[0], {.geometry = strided, .behind = {.statistics = {out[1], out[2]}}});
}
const bool registered_measured = test::register_op_cases(
    "Conv2d", {{.name = "WithStatistics",
                .inputs = {{.shape = {2, 7, 5, 3}},
                           {.shape = {6, 3, 3, 3}, .role = test::Role::weights},
                           {.shape = nn::vector_shape(6), .role = test::Role::weights}},
                .function = [](const Variables& in) -> Variables {
                  const nn::Variable y = nn::Variable::output({2, 4, 3, 6}, {&in[0], &in[1], &in[2]});
                  const auto [mean, variance] = nn::room_for_statistics(y);
                  measured_into(in, {y, mean, variance});
                  return {y, mean, variance};
                },
                .into = measured_into,
                .reference = [](const Variables& in) -> Variables {
                  const nn::Variable y = nn::conv2d(in[0], in[1], in[2], {.geometry = strided});
                  const auto [mean, variance] = nn::channel_statistics(y);
                  return {y, mean, variance};
                },
                .precision = 2e-6}});

TEST(Conv2d, NormalisesItsOutputInInference) {
  const auto vector = [](std::vector<float> values) {
    return nn::Variable(nn::Tensor::from<float>(nn::vector_shape(2), std::move(values)));
  };
  const nn::Variable x(nn::Tensor::from<float>({1, 1, 1, 1}, {3})), w(nn::Tensor::from<float>({2, 1, 1, 1}, {2, -1}));
  const nn::Normalization then{.statistics = {vector({1, 0}), vector({4, 1})},
                               .gamma = vector({3, 1}),
                               .beta = vector({0.5F, 0}),
                               .options = {.epsilon = 0, .relu = true}};
  const nn::Variable y = nn::conv2d(x, w, vector({5, 1}), {.behind = {.normalization = then}});
  EXPECT_EQ(y.value().to_vector<float>(), (std::vector<float>{15.5F, 0}));  // 3 (6 + 5 - 1) / 2 + 0.5; -2
  EXPECT_THROW(nn::conv2d(x, w, {}, {.relu = true, .behind = {.normalization = then}}), nn::Error);
}

TEST(Conv2d, APrologueMayLeaveOutItsScaleOrShift) {
  nn::Tape tape;
  const auto one = [&](float value) {
    return nn::Variable::leaf(nn::Tensor::from<float>({1, 1, 1, 1}, {value}), &tape);
  };
  const nn::Variable x = one(3), w = one(2), scale = one(5), shift = one(-7);
  const nn::Variable y = nn::conv2d(x, w, {}, {.prologue = {.scale = scale}});
  EXPECT_EQ(y.value().item(), 30);
  tape.backward(y);
  EXPECT_EQ(scale.gradient().item(), 6);
  EXPECT_EQ(x.gradient().item(), 10);
  x.clear_gradient();
  const nn::Variable cut_off = nn::conv2d(x, w, {}, {.prologue = {.shift = shift, .relu = true}});
  EXPECT_EQ(cut_off.value().item(), 0);
  tape.backward(cut_off);
  EXPECT_EQ(shift.gradient().item(), 0);
  EXPECT_EQ(x.gradient().item(), 0);
}

TEST(Conv2d, APrologueKeepsNothingOfItsInputsSize) {
  nn::Tape tape;
  const nn::Variable x = nn::Variable::leaf(nn::Tensor::zeros({2, 16, 16, 64}), &tape);
  const nn::Variable w = nn::Variable::leaf(nn::Tensor::zeros({4, 1, 1, 64}), &tape);
  const nn::Variable scale = nn::Variable::leaf(nn::Tensor::zeros({1, 1, 1, 64}), &tape);
  const std::size_t before = nn::memory_use(nn::Device::cpu).live;
  const nn::Variable y = nn::conv2d(x, w, {}, {.prologue = {.scale = scale, .relu = true}});
  EXPECT_EQ(nn::memory_use(nn::Device::cpu).live - before, sizeof(float) * y.value().elements());
}

TEST(Conv2d, GradientOfTheDataIsLeftOutWhereNobodyWantsIt) {
  nn::Tape tape;
  const nn::Variable x(nn::Tensor::zeros({1, 4, 4, 2}), &tape);
  const nn::Variable w = nn::Variable::leaf(nn::Tensor::zeros({3, 3, 3, 2}), &tape);
  const nn::Variable y = nn::conv2d(x, w, {});
  tape.backward_from(y, nn::Tensor::zeros(y.shape()));
  EXPECT_FALSE(x.requires_grad());
  EXPECT_EQ(w.gradient().shape(), w.shape());
}

TEST(Conv2d, RefusesAnOutputThatWouldLoseTheGradient) {
  nn::Tape tape;
  const nn::Variable x = nn::Variable::leaf(nn::Tensor::zeros({1, 4, 4, 2}), &tape);
  const nn::Variable w(nn::Tensor::zeros({3, 3, 3, 2})), y(nn::Tensor::zeros({1, 2, 2, 3}));
  EXPECT_THROW(nn::conv2d_into(x, w, {}, y), nn::Error);
}

TEST(Conv2d, RecordsNothingWithoutATape) {
  const nn::Variable x(nn::Tensor::zeros({1, 4, 4, 2})), w = nn::Variable::leaf(nn::Tensor::zeros({3, 3, 3, 2}));
  EXPECT_FALSE(nn::conv2d(x, w, {}).recorded());
}

}  // namespace
