// Where the numbers of a test come from.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nn/core/philox.h"

namespace test {

/// Draws `count` values, in row order.
using Values = std::function<std::vector<double>(std::int64_t count, nn::Random& random)>;

Values normal(double mean = 0, double deviation = 1);
Values uniform(double low, double high);
/// Magnitudes in [0.1, 1], either sign: for functions with a kink at 0.
Values away_from_zero();
/// A shuffled list of numbers around 0, 0.05 apart: for maxima, whose kinks are where two values are equal.
Values distinct();
/// 0, 1, ..., count - 1: class numbers.
Values whole_numbers_below(int count);
/// 1 with this probability, else 0.
Values zeros_and_ones(double probability_of_one = 0.5);
Values listed(std::vector<double> values);

}  // namespace test
