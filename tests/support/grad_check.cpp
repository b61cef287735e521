#include <algorithm>
#include <cmath>
#include <optional>

#include "tests/support/compare.h"
#include "tests/support/op_run.h"
#include "tests/support/suites.h"

namespace test {
namespace {

// Central differences err by step^2 f'''/6 and by rounding, 1e-16 |f| / step: about 1e-10 for functions of order 1.
constexpr double first_step = 1e-5, smallest_step = 1e-8;
constexpr double allowed = 1e-6;
// One-sided slopes of a smooth function differ by step * f''; at a kink they differ by the jump of the slope.
constexpr double kink = 1e-3;

/// The sum of all outputs times their upstream gradients, as a function of one element of one input.
class Probe {
 public:
  Probe(const OpCase& op, std::vector<nn::Tensor> inputs) : op_(op), inputs_(std::move(inputs)) {
    for (const nn::Tensor& input : inputs_) constants_.emplace_back(input);
    const Variables outputs = op_.function(constants_);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      upstream_.push_back(values_of(upstream_gradient(outputs[i], i)));
    }
  }

  double at(std::size_t input, std::int64_t element, double shift) const {
    double& x = inputs_[input].data<double>()[element];
    const double kept = x;
    x = kept + shift;
    const Variables outputs = op_.function(constants_);
    x = kept;
    double sum = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::vector<double> y = values_of(outputs[i].value());
      for (std::size_t k = 0; k < y.size(); ++k) sum += y[k] * upstream_[i][k];
    }
    return sum;
  }

  /// Nothing if a kink is nearer than the smallest step.
  std::optional<double> slope(std::size_t input, std::int64_t element) const {
    const double here = at(input, element, 0);
    for (double step = first_step; step >= smallest_step; step /= 10) {
      const double above = at(input, element, step), below = at(input, element, -step);
      const double central = (above - below) / (2 * step);
      const double jump = std::abs((above - here) - (here - below)) / step;
      if (jump <= kink * std::max(1.0, std::abs(central)) || std::isnan(jump)) return central;
    }
    return std::nullopt;
  }

 private:
  const OpCase& op_;
  std::vector<nn::Tensor> inputs_;
  Variables constants_;
  std::vector<std::vector<double>> upstream_;
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
  const OpResult result = run(op, op.function, nn::DType::f64);
  const Probe probe(op, draw_inputs(op, nn::DType::f64));
  std::string report;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i].gradient) report += check_input(probe, i, result.gradients[i]);
  }
  return report;
}

}  // namespace test
