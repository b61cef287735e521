#include "tests/support/values.h"

#include <utility>

#include "nn/core/error.h"

namespace test {
namespace {

template <class Draw>
Values independent(const Draw& draw) {
  return [draw](std::int64_t count, nn::Random& random) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(draw(random));
    return values;
  };
}

}  // namespace

Values normal(double mean, double deviation) {
  return independent([=](nn::Random& random) { return mean + deviation * static_cast<double>(random.normal()); });
}

Values uniform(double low, double high) {
  return independent([=](nn::Random& random) { return low + (high - low) * static_cast<double>(random.uniform()); });
}

Values away_from_zero() {
  return independent([](nn::Random& random) {
    const double magnitude = 0.1 + 0.9 * static_cast<double>(random.uniform());
    return random.below(2) == 0 ? magnitude : -magnitude;
  });
}

Values distinct() {
  return [](std::int64_t count, nn::Random& random) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(0.05 * static_cast<double>(i - count / 2) + 0.02);
    nn::shuffle(values, random);
    return values;
  };
}

Values whole_numbers_below(int count) {
  return independent([=](nn::Random& random) { return random.below(static_cast<std::uint32_t>(count)); });
}

Values zeros_and_ones(double probability_of_one) {
  return independent([=](nn::Random& random) { return random.uniform() < probability_of_one ? 1.0 : 0.0; });
}

Values listed(std::vector<double> values) {
  return [values = std::move(values)](std::int64_t count, nn::Random&) {
    NN_CHECK(static_cast<std::int64_t>(values.size()) == count, "[test] ", values.size(), " values listed for ", count);
    return values;
  };
}

}  // namespace test
