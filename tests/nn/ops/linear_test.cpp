#include "nn/ops/linear.h"

#include <gtest/gtest.h>

#include "nn/core/error.h"
#include "tests/support/register_op_cases.h"

namespace {

using test::Variables;

Variables linear(const Variables& in) { return {nn::linear(in[0], in[1], in[2])}; }
Variables linear_without_bias(const Variables& in) { return {nn::linear(in[0], in[1], {})}; }

test::Input weights(nn::Shape shape) { return {.shape = shape, .role = test::Role::weights}; }

// Precision measured: at most 2.4e-7 of 5e-7.
const bool registered = test::register_op_cases(
    "Linear", {{.name = "OfRows",
                .inputs = {{.shape = {5, 1, 1, 7}}, weights({3, 1, 1, 7}), weights({1, 1, 1, 3})},
                .function = linear},
               {.name = "OfOneRow",
                .inputs = {{.shape = {1, 1, 1, 9}}, weights({6, 1, 1, 9}), weights({1, 1, 1, 6})},
                .function = linear},
               {.name = "ToOneNumber",
                .inputs = {{.shape = {4, 1, 1, 5}}, weights({1, 1, 1, 5}), weights({1, 1, 1, 1})},
                .function = linear},
               {.name = "OverSeveralTiles",
                .inputs = {{.shape = {17, 1, 1, 19}}, weights({67, 1, 1, 19}), weights({1, 1, 1, 67})},
                .function = linear},
               {.name = "WithoutBias",
                .inputs = {{.shape = {5, 1, 1, 7}}, weights({3, 1, 1, 7})},
                .function = linear_without_bias}});

TEST(Linear, RefusesPixels) {
  const nn::Variable x(nn::Tensor::zeros({2, 3, 1, 4})), w(nn::Tensor::zeros({5, 1, 1, 4}));
  EXPECT_THROW(nn::linear(x, w, {}), nn::Error);
}

TEST(Linear, RefusesWeightsOfOtherInputs) {
  const nn::Variable x(nn::Tensor::zeros({2, 1, 1, 4})), w(nn::Tensor::zeros({5, 1, 1, 3}));
  EXPECT_THROW(nn::linear(x, w, {}), nn::Error);
}

TEST(Linear, RefusesABiasOfOtherOutputs) {
  const nn::Variable x(nn::Tensor::zeros({2, 1, 1, 4})), w(nn::Tensor::zeros({5, 1, 1, 4}));
  EXPECT_THROW(nn::linear(x, w, nn::Variable(nn::Tensor::zeros({1, 1, 1, 4}))), nn::Error);
}

}  // namespace
