#include <algorithm>
#include <cmath>
#include <optional>

#include "tests/support/compare.h"
#include "tests/support/op_run.h"
#include "tests/support/suites.h"

namespace test {
namespace {

// Central differences err by step^2 f'''/6 and by rounding, 1e-16 |y| / step: about 1e-10 for outputs of order 1.
constexpr double first_step = 1e-5, smallest_step = 1e-8;
constexpr double allowed = 1e-6;
// One-sided slopes of a smooth function differ by step * f''; at a kink they differ by the jump of the slope.
constexpr double kink = 1e-3;

/// The op's outputs as a function of one element of one input.
class Probe {
 public:
  Probe(const OpCase& op, std::vector<nn::Tensor> inputs) : op_(op), inputs_(std::move(inputs)) {
    for (const nn::Tensor& input : inputs_) constants_.emplace_back(input);
    const Variables outputs = op_.function(constants_);
    for (std::size_t i = 0; i < outputs.size(); ++i) append(upstream_gradient(outputs[i], i), upstream_);
  }

  /// The slope of the sum of all outputs times their upstream gradients; nothing if a kink is nearer than the smallest
  /// step. Differences are taken before the sum, which would round them away.
  std::optional<double> slope(std::size_t input, std::int64_t element) const {
    const std::vector<double> here = outputs_at(input, element, 0);
    for (double step = first_step; step >= smallest_step; step /= 10) {
      const std::vector<double> above = outputs_at(input, element, step), below = outputs_at(input, element, -step);
      double central = 0, jump = 0;
      for (std::size_t i = 0; i < here.size(); ++i) {
        central += upstream_[i] * (above[i] - below[i]) / (2 * step);
        jump += std::abs(upstream_[i] * ((above[i] - here[i]) - (here[i] - below[i]))) / step;
      }
      if (jump <= kink * std::max(1.0, std::abs(central)) || std::isnan(jump)) return central;
    }
    return std::nullopt;
  }

 private:
  static void append(const nn::Tensor& tensor, std::vector<double>& list) {
    const std::vector<double> values = values_of(tensor);
    list.insert(list.end(), values.begin(), values.end());
  }

  std::vector<double> outputs_at(std::size_t input, std::int64_t element, double shift) const {
    double& x = inputs_[input].data<double>()[element];
    const double kept = x;
    x = kept + shift;
    std::vector<double> values;
    for (const nn::Variable& output : op_.function(constants_)) append(output.value(), values);
    x = kept;
    return values;
  }

  const OpCase& op_;
  std::vector<nn::Tensor> inputs_;
  Variables constants_;
  std::vector<double> upstream_;  // of all outputs
};

std::string check_input(const Probe& probe, std::size_t input, const nn::Tensor& gradient) {
  const std::vector<double> analytic = values_of(gradient);
  std::vector<double> numeric;
  double largest = 0;
  std::string report;
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    const auto slope = probe.slope(input, static_cast<std::int64_t>(i));
    if (!slope) {
      return nn::message("input ", input, ", element ", i, ": a kink; choose values away from it\n");
    }
    numeric.push_back(*slope);
    largest = std::max(largest, std::abs(*slope));
  }
  int shown = 0;
  const double floor = std::max(1e-3, 1e-2 * largest);
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    const double scale = std::max({std::abs(analytic[i]), std::abs(numeric[i]), floor});
    const double error = std::abs(analytic[i] - numeric[i]) / scale;
    if (error <= allowed) continue;
    if (++shown > 5) return report + "...\n";
    report +=
        nn::message("input ", input, ", element ", i, ' ', position(gradient.shape(), static_cast<std::int64_t>(i)),
                    ": analytic ", analytic[i], ", numeric ", numeric[i], ", relative error ", error, '\n');
  }
  return report;
}

}  // namespace

std::string check_gradient(const OpCase& op) {
  const OpResult result = run(op, op.function, {nn::DType::f64});
  const Probe probe(op, draw_inputs(op, {nn::DType::f64}));
  std::string report;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i].gradient) report += check_input(probe, i, result.gradients[i]);
  }
  return report;
}

}  // namespace test
