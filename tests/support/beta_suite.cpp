#include <limits>
#include <memory>

#include "nn/kernels/fill.h"
#include "tests/support/compare.h"
#include "tests/support/op_run.h"
#include "tests/support/suites.h"

namespace test {
namespace {

constexpr double constant = 0.75;

/// Gradients of all inputs when their buffers hold `before` and count as written or not.
std::vector<nn::Tensor> gradients_after(const OpCase& op, const Setting& setting, double before, bool written) {
  nn::Tape tape;
  const std::vector<nn::Tensor> values = draw_inputs(op, setting);
  Variables inputs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!op.inputs[i].gradient) {
      inputs.emplace_back(values[i], &tape);
      continue;
    }
    const nn::Tensor buffer =
        nn::Tensor::empty(values[i].shape(), gradient_dtype(op.inputs[i], values[i]), setting.device);
    nn::fill(before, buffer);
    auto slot = std::make_shared<nn::GradSlot>(buffer);
    if (written) slot->target(0, buffer.c());
    inputs.push_back(nn::Variable::leaf(values[i], slot, &tape));
  }
  backward(tape, op.function(inputs), setting.rounded);
  std::vector<nn::Tensor> gradients;
  for (const nn::Variable& input : inputs) {
    gradients.push_back(input.requires_grad() ? input.gradient() : nn::Tensor());
  }
  return gradients;
}

nn::Tensor plus_constant(const nn::Tensor& tensor) {
  std::vector<double> values = values_of(tensor);
  for (double& value : values) value += constant;
  return nn::Tensor::from<double>(tensor.shape(), values);
}

}  // namespace

std::string check_beta(const OpCase& op, const Setting& setting, double bound) {
  const OpResult expected = run(op, op.function, setting);
  const auto overwritten = gradients_after(op, setting, std::numeric_limits<double>::quiet_NaN(), false);
  const auto added = gradients_after(op, setting, constant, true);
  std::string report;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (!op.inputs[i].gradient) continue;
    const std::string what = nn::message(setting.dtype, " gradient of input ", i);
    report += difference(what + " with beta 0 over NaN", overwritten[i], expected.gradients[i], bound);
    report += difference(what + " with beta 1", added[i], plus_constant(expected.gradients[i]), bound);
  }
  return report;
}

std::string check_beta(const OpCase& op) {
  return check_beta(op, {nn::DType::f64}, 1e-13) + check_beta(op, {nn::DType::f32}, 2e-6);
}

}  // namespace test
