#include "nn/ops/activation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/register_op_cases.h"

namespace {

using test::Variables;

Variables relu(const Variables& in) { return {nn::relu(in[0])}; }
Variables sigmoid(const Variables& in) { return {nn::sigmoid(in[0])}; }
void relu_into(const Variables& in, const Variables& out) { nn::relu_into(in[0], out[0]); }
void sigmoid_into(const Variables& in, const Variables& out) { nn::sigmoid_into(in[0], out[0]); }

const bool registered_relu =
    test::register_op_cases("Relu", {{.name = "OfPixels",
                                      .inputs = {{.shape = {2, 3, 5, 7}, .values = test::away_from_zero()}},
                                      .function = relu,
                                      .into = relu_into},
                                     {.name = "OfOnePixel",
                                      .inputs = {{.shape = {3, 1, 1, 13}, .values = test::away_from_zero()}},
                                      .function = relu,
                                      .into = relu_into}});

const bool registered_sigmoid = test::register_op_cases(
    "Sigmoid", {{.name = "OfPixels", .inputs = {{.shape = {2, 3, 5, 7}}}, .function = sigmoid, .into = sigmoid_into},
                {.name = "OfOnePixel", .inputs = {{.shape = {3, 1, 1, 13}}}, .function = sigmoid, .into = sigmoid_into},
                {.name = "OfLargeMagnitudes",
                 .inputs = {{.shape = {2, 1, 3, 5}, .values = test::normal(0, 8)}},
                 .function = sigmoid,
                 .into = sigmoid_into}});

TEST(Relu, LetsANanThrough) {
  const nn::Tensor x = nn::Tensor::from<float>({1, 1, 1, 3}, {NAN, -1, 2});
  const std::vector<float> y = nn::relu(nn::Variable(x)).value().to_vector<float>();
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], 2);
}

}  // namespace
