#include "nn/ops/pool.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/autograd/tape.h"
#include "nn/core/allocator.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/register_op_cases.h"

namespace {

using nn::PoolGeometry;
using nn::Tensor;
using nn::Variable;
using test::OpCase;
using test::Variables;

OpCase max_case(const char* name, nn::Shape x, const PoolGeometry& geometry) {
  return {.name = name,
          .inputs = {{.shape = x, .values = test::distinct()}},
          .function = [=](const Variables& in) -> Variables { return {nn::max_pool(in[0], geometry)}; },
          .into = [=](const Variables& in, const Variables& out) { nn::max_pool_into(in[0], geometry, out[0]); }};
}

OpCase average_case(const char* name, nn::Shape x, const PoolGeometry& geometry, bool count_padding) {
  return {
      .name = name,
      .inputs = {{.shape = x}},
      .function = [=](const Variables& in) -> Variables { return {nn::average_pool(in[0], geometry, count_padding)}; },
      .into = [=](const Variables& in,
                  const Variables& out) { nn::average_pool_into(in[0], geometry, out[0], count_padding); }};
}

const PoolGeometry two_by_two{};
const PoolGeometry overlapping{.kernel_h = 3, .kernel_w = 3, .padding = nn::pad(1)};
const PoolGeometry uneven{
    .kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 1, .padding = {.top = 1, .right = 1}, .ceil = true};
const PoolGeometry one_pixel{.kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1};
const PoolGeometry large{.kernel_h = 17, .kernel_w = 16, .stride_h = 1, .stride_w = 1};

const bool registered_max = test::register_op_cases(
    "MaxPool", {max_case("Of2x2", {2, 3, 5, 7}, two_by_two), max_case("WithOverlap", {2, 6, 5, 7}, overlapping),
                max_case("WithUnevenWindows", {3, 6, 5, 2}, uneven), max_case("OfOnePixel", {3, 1, 1, 13}, one_pixel),
                max_case("OfALargeWindow", {1, 18, 17, 3}, large)});

const bool registered_average =
    test::register_op_cases("AveragePool", {average_case("Of2x2", {2, 3, 5, 7}, two_by_two, true),
                                            average_case("WithOverlap", {2, 6, 5, 7}, overlapping, true),
                                            average_case("WithoutCountingPadding", {2, 6, 5, 7}, overlapping, false),
                                            average_case("WithUnevenWindows", {3, 6, 5, 2}, uneven, true),
                                            average_case("WithUnevenWindowsUncounted", {3, 6, 5, 2}, uneven, false),
                                            average_case("OfOnePixel", {3, 1, 1, 13}, one_pixel, true)});

const auto global_average = [](const Variables& in) -> Variables { return {nn::global_average_pool(in[0])}; };
const auto global_average_into = [](const Variables& in, const Variables& out) {
  nn::global_average_pool_into(in[0], out[0]);
};
const auto global_max = [](const Variables& in) -> Variables { return {nn::global_max_pool(in[0])}; };
const auto mean_of_one_window = [](const Variables& in) -> Variables {
  return {nn::average_pool(in[0], {.kernel_h = in[0].shape().h, .kernel_w = in[0].shape().w})};
};

const bool registered_global = test::register_op_cases("GlobalAveragePool", {{.name = "OfPixels",
                                                                              .inputs = {{.shape = {2, 3, 5, 7}}},
                                                                              .function = global_average,
                                                                              .into = global_average_into,
                                                                              .reference = mean_of_one_window},
                                                                             {.name = "OfOnePixel",
                                                                              .inputs = {{.shape = {3, 1, 1, 13}}},
                                                                              .function = global_average,
                                                                              .into = global_average_into,
                                                                              .reference = mean_of_one_window}});

const bool registered_global_max = test::register_op_cases(
    "GlobalMaxPool",
    {{.name = "OfPixels", .inputs = {{.shape = {2, 3, 5, 7}, .values = test::distinct()}}, .function = global_max},
     {.name = "OfOnePixel", .inputs = {{.shape = {3, 1, 1, 13}, .values = test::distinct()}}, .function = global_max}});

TEST(Pool, EqualsPyTorch) {
  const auto golden = test::read_golden("tests/nn/ops/golden/pool.txt");
  const PoolGeometry padded{.kernel_h = 3, .kernel_w = 3, .padding = nn::pad(1)};
  PoolGeometry padded_ceil = padded;
  padded_ceil.ceil = true;
  using Op = std::function<Variable(const Variable&)>;
  const std::vector<std::pair<std::string, Op>> ops = {
      {"max_3x3_stride_2_padding_1", [&](const Variable& x) { return nn::max_pool(x, padded); }},
      {"max_2x2_ceil", [&](const Variable& x) { return nn::max_pool(x, {.ceil = true}); }},
      {"max_3x2_stride_2x3_ceil_padding_1x0",
       [&](const Variable& x) {
         return nn::max_pool(x, {.kernel_h = 3,
                                 .kernel_w = 2,
                                 .stride_h = 2,
                                 .stride_w = 3,
                                 .padding = {.top = 1, .bottom = 1},
                                 .ceil = true});
       }},
      {"average_3x3_stride_2_padding_1", [&](const Variable& x) { return nn::average_pool(x, padded); }},
      {"average_3x3_stride_2_padding_1_ceil", [&](const Variable& x) { return nn::average_pool(x, padded_ceil); }},
      {"average_3x3_stride_2_padding_1_ceil_uncounted",
       [&](const Variable& x) { return nn::average_pool(x, padded_ceil, false); }}};
  for (const auto& [name, op] : ops) {
    SCOPED_TRACE(name);
    nn::Tape tape;
    const Variable x = Variable::leaf(golden.at(name + ".x"), &tape);
    const Variable y = op(x);
    EXPECT_EQ(test::difference("y", y.value(), golden.at(name + ".y"), 1e-14), "");
    tape.backward_from(y, golden.at(name + ".dy"));
    EXPECT_EQ(test::difference("dx", x.gradient(), golden.at(name + ".dx"), 1e-14), "");
  }
}

// Keras' MaxPooling2D(2, padding="same") on 5 columns: the odd column stands alone at the right.
TEST(MaxPool, WithSamePaddingAsKeras) {
  const Tensor x = Tensor::from<float>({1, 1, 5, 1}, {1, 2, 3, 4, -5});
  const PoolGeometry geometry{.kernel_h = 1, .stride_h = 1, .padding = nn::same_padding(1, 5, 1, 2, 1, 2)};
  EXPECT_EQ(geometry.padding, (nn::Padding{.right = 1}));
  EXPECT_EQ(nn::max_pool(Variable(x), geometry).value().to_vector<float>(), (std::vector<float>{2, 4, -5}));
}

// Keras' AveragePooling2D(2, padding="same"): the window at the edge is the mean of what it sees of the image.
TEST(AveragePool, WithSamePaddingAsKeras) {
  const Tensor x = Tensor::from<float>({1, 1, 5, 1}, {1, 2, 3, 4, -5});
  const PoolGeometry geometry{.kernel_h = 1, .stride_h = 1, .padding = nn::same_padding(1, 5, 1, 2, 1, 2)};
  EXPECT_EQ(nn::average_pool(Variable(x), geometry, false).value().to_vector<float>(),
            (std::vector<float>{1.5F, 3.5F, -5}));
}

TEST(SamePadding, FollowsKeras) {
  EXPECT_EQ(nn::same_padding(7, 8, 3, 3, 1, 1), nn::pad(1));
  EXPECT_EQ(nn::same_padding(224, 224, 7, 7, 2, 2), (nn::Padding{.top = 2, .left = 2, .bottom = 3, .right = 3}));
  EXPECT_EQ(nn::same_padding(6, 9, 2, 2, 2, 2), (nn::Padding{.right = 1}));
  EXPECT_EQ(nn::same_padding(6, 6, 1, 1, 2, 2), nn::Padding{});
}

TEST(MaxPool, GivesTheGradientToTheFirstOfEqualValues) {
  nn::Tape tape;
  const Variable x = Variable::leaf(Tensor::from<float>({1, 2, 2, 1}, {3, 3, 3, 1}), &tape);
  tape.backward(nn::max_pool(x, {}));
  EXPECT_EQ(x.gradient().to_vector<float>(), (std::vector<float>{1, 0, 0, 0}));
}

TEST(MaxPool, OfMinusInfinityGivesTheGradientToTheWindowsStart) {
  nn::Tape tape;
  const Variable x = Variable::leaf(Tensor::from<float>({1, 1, 2, 1}, {-INFINITY, -INFINITY}), &tape);
  const Variable y = nn::max_pool(x, {.kernel_h = 1, .stride_h = 1});
  EXPECT_EQ(y.value().item(), -INFINITY);
  tape.backward(y);
  EXPECT_EQ(x.gradient().to_vector<float>(), (std::vector<float>{1, 0}));
}

TEST(MaxPool, LetsANanThrough) {
  const Tensor x = Tensor::from<float>({1, 1, 4, 1}, {NAN, 2, 3, NAN});
  const Tensor y = nn::max_pool(Variable(x), {.kernel_h = 1, .stride_h = 1}).value();
  EXPECT_TRUE(std::isnan(y.data<float>()[0]));
  EXPECT_TRUE(std::isnan(y.data<float>()[1]));
}

TEST(MaxPool, WithoutATapeTakesNoMemoryForWhereMaximaCameFrom) {
  const Tensor x = Tensor::from<float>({1, 1, 6, 1}, {NAN, 2, -INFINITY, -INFINITY, 5, 3});
  nn::reset_peak_memory(nn::Device::cpu);
  const std::size_t before = nn::memory_use(nn::Device::cpu).live;
  const Tensor y = nn::max_pool(Variable(x), {.kernel_h = 1, .stride_h = 1}).value();
  EXPECT_EQ(nn::memory_use(nn::Device::cpu).peak - before, nn::memory_use(nn::Device::cpu).live - before);
  EXPECT_TRUE(std::isnan(y.data<float>()[0]));
  EXPECT_EQ(y.data<float>()[1], -INFINITY);
  EXPECT_EQ(y.data<float>()[2], 5);
}

TEST(MaxPool, BackwardNeedsToKnowWhereMaximaCameFrom) {
  const Tensor y = Tensor::zeros({1, 1, 1, 1}), x = Tensor::zeros({1, 2, 2, 1});
  EXPECT_THROW(nn::max_pool_backward(y, {}, {}, x, 0), nn::Error);
}

TEST(Pool, RefusesPaddingAsLargeAsTheWindow) {
  EXPECT_THROW(nn::pool_output_shape({1, 8, 8, 1}, {.padding = nn::pad(2)}), nn::Error);
}

TEST(Pool, RefusesAWindowLargerThanTheImage) {
  EXPECT_THROW(nn::pool_output_shape({1, 2, 8, 1}, {.kernel_h = 3}), nn::Error);
}

}  // namespace
