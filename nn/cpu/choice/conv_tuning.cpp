#include "nn/cpu/choice/conv_tuning.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "nn/core/error.h"
#include "nn/core/philox.h"

namespace nn::cpu {
namespace {

// Another program that runs for some milliseconds makes a try a hundred times as long: no algorithm is judged by fewer
// tries than these, and short passes are tried for longer than such a disturbance lasts.
constexpr int fewest_rounds = 3, most_rounds = 40;
constexpr double enough_milliseconds = 150;  // of a pass, after the fewest rounds
constexpr double as_fast = 0.95;

/// Not worth yet another try after the fewest rounds.
bool is_hopeless(double milliseconds, double fastest) { return milliseconds > 2 * fastest + 20; }

/// A few random numbers again and again: times do not depend on which they are.
Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  Random random(seed);
  std::array<float, 1009> some{};
  std::generate(some.begin(), some.end(), [&] { return random.uniform(-0.5F, 0.5F); });
  Tensor tensor = Tensor::empty(shape);
  float* values = tensor.data<float>();
  for (std::int64_t i = 0; i < tensor.elements(); ++i) values[i] = some[static_cast<std::size_t>(i) % some.size()];
  return tensor;
}

struct Operands {
  ConvKey key;
  Tensor x, w, y;

  void run() const {
    switch (key.pass) {
      case ConvPass::forward:
        return conv2d_forward(x, w, {}, {}, key.geometry, y);
      case ConvPass::backward_data:
        return conv2d_backward_data(y, w, key.geometry, x, 0);
      case ConvPass::backward_weights:
        return conv2d_backward_weights(x, y, {}, key.geometry, w, 0);
    }
  }
};

/// The rule's unless another is clearly faster; of several that are, the most accurate, which comes first.
ConvAlgorithm choose(const ConvKey& key, const std::vector<ConvDecision::Time>& times, double fastest) {
  const auto is_as_fast = [&](const ConvDecision::Time& time) { return as_fast * time.milliseconds <= fastest; };
  const ConvAlgorithm usual = usual_conv_algorithm(key.pass, key.x, key.w, key.geometry, DType::f32);
  const auto kept = std::find_if(times.begin(), times.end(),
                                 [&](const auto& time) { return time.algorithm == usual && is_as_fast(time); });
  return kept != times.end() ? usual : std::find_if(times.begin(), times.end(), is_as_fast)->algorithm;
}

}  // namespace

TimeConv time_kernel(const ConvKey& key, std::int64_t images) {
  Shape x = key.x;
  x.n = images;
  const Operands operands{.key = key,
                          .x = random_tensor(x, 1),
                          .w = random_tensor(key.w, 2),
                          .y = random_tensor(conv2d_output_shape(x, key.w, key.geometry), 3)};
  return [operands](ConvAlgorithm algorithm) {
    using Clock = std::chrono::steady_clock;
    const auto table = std::make_shared<ConvTable>();
    table->add({.key = operands.key, .algorithm = algorithm});
    const ConvTableInForce in_force(table);
    *operands.w.data<float>() += 1;  // as a step of training does: filters must be made anew (kept_filters.h)
    const auto start = Clock::now();
    operands.run();
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
}

ConvDecision decide(const ConvKey& key, const TimeConv& time) {
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<ConvDecision::Time> times;
  for (const ConvAlgorithm algorithm : possible_algorithms(key.w, key.geometry, DType::f32)) {
    times.push_back({.algorithm = algorithm, .milliseconds = never});
  }
  double fastest = never, spent = 0;
  for (int round = 0; round < most_rounds && (round < fewest_rounds || spent < enough_milliseconds); ++round) {
    for (ConvDecision::Time& best : times) {
      if (round >= fewest_rounds && is_hopeless(best.milliseconds, fastest)) continue;
      const double milliseconds = time(best.algorithm);
      spent += milliseconds;
      best.milliseconds = std::min(best.milliseconds, milliseconds);
      fastest = std::min(fastest, best.milliseconds);
    }
  }
  return {.key = key, .algorithm = choose(key, times, fastest), .times = times};
}

}  // namespace nn::cpu
