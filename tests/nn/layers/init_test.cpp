// Moments and limits of the initialisers.
#include "nn/layers/init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace nn {
namespace {

const Shape weight{200, 3, 3, 32};  // fan_in 288, fan_out 1800; 57,600 numbers

struct Moments {
  double mean = 0, variance = 0, largest = 0;
};

Moments moments_of(init::Initializer initializer) {
  const Tensor value = Tensor::empty(weight);
  Random random(3);
  initializer(value, random);
  Moments m;
  const std::vector<float> numbers = value.to_vector<float>();
  for (const double x : numbers) {
    m.mean += x / static_cast<double>(numbers.size());
    m.largest = std::max(m.largest, std::abs(x));
  }
  for (const double x : numbers) m.variance += (x - m.mean) * (x - m.mean) / static_cast<double>(numbers.size());
  return m;
}

// The relative standard error of a variance from 57,600 normal numbers is sqrt(2 / 57600) = 0.6 %.
void expect_variance(const Moments& m, double variance) {
  EXPECT_NEAR(m.mean, 0, 4 * std::sqrt(variance / 57600));
  EXPECT_NEAR(m.variance / variance, 1, 0.02);
}

TEST(Init, HeNormalHasVarianceTwoOverFanIn) {
  const Moments m = moments_of(init::he_normal);
  expect_variance(m, 2.0 / 288);
  EXPECT_GT(m.largest, 3.5 * std::sqrt(2.0 / 288)) << "a normal distribution has tails";
}

TEST(Init, HeUniformFillsItsRange) {
  const Moments m = moments_of(init::he_uniform);
  expect_variance(m, 2.0 / 288);
  EXPECT_NEAR(m.largest / std::sqrt(6.0 / 288), 1, 1e-3);
}

TEST(Init, GlorotNormalHasVarianceTwoOverTheSumOfFans) { expect_variance(moments_of(init::glorot_normal), 2.0 / 2088); }

TEST(Init, GlorotUniformFillsItsRange) {
  const Moments m = moments_of(init::glorot_uniform);
  expect_variance(m, 2.0 / 2088);
  EXPECT_NEAR(m.largest / std::sqrt(6.0 / 2088), 1, 1e-3);
}

TEST(Init, DoublesAreTheFloatsConverted) {
  const Tensor single = Tensor::empty({4, 1, 1, 5}), twice = Tensor::empty({4, 1, 1, 5}, DType::f64);
  Random first(9), second(9);
  init::he_normal(single, first);
  init::he_normal(twice, second);
  const std::vector<float> floats = single.to_vector<float>();
  EXPECT_EQ(twice.to_vector<double>(), std::vector<double>(floats.begin(), floats.end()));
}

}  // namespace
}  // namespace nn
