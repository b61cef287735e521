#include <limits>
#include <memory>

#include "nn/kernels/fill.h"
#include "tests/support/canary.h"
#include "tests/support/compare.h"
#include "tests/support/op_run.h"
#include "tests/support/suites.h"

namespace test {
namespace {

/// A variable whose value and gradient are slices between canaries. Its slot counts as written, so that no first touch
/// clears the canaries of the gradient: it starts from zero and is added to.
struct FramedVariable {
  Framed value, gradient;
  nn::Variable variable;

  FramedVariable(const nn::Tensor& values, nn::DType gradient_dtype, bool wants_gradient, nn::Tape& tape)
      : value(values), gradient(nn::Tensor::zeros(values.shape(), gradient_dtype, values.device())) {
    if (!wants_gradient) {
      variable = nn::Variable(value.inside(), &tape);
      return;
    }
    auto slot = std::make_shared<nn::GradSlot>(gradient.wide());
    slot->target(0, gradient.wide().c());
    variable = nn::Variable::leaf(value.wide(), slot, &tape).channel_range(value.begin(), value.end());
  }

  std::string harm(const std::string& what) const { return value.harm(what) + gradient.harm("gradient of " + what); }
};

nn::Tensor unwritten(const nn::Tensor& like) {
  const nn::Tensor tensor = nn::Tensor::empty(like.shape(), like.dtype(), like.device());
  nn::fill(std::numeric_limits<double>::quiet_NaN(), tensor);
  return tensor;
}

}  // namespace

std::string check_views(const OpCase& op, const Setting& setting, double bound) {
  const OpResult expected = run(op, op.function, setting);
  const std::vector<nn::Tensor> values = draw_inputs(op, setting);
  nn::Tape tape;
  std::vector<FramedVariable> framed_inputs, framed_outputs;
  Variables inputs, outputs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    framed_inputs.emplace_back(values[i], gradient_dtype(op.inputs[i], values[i]), op.inputs[i].gradient, tape);
    inputs.push_back(framed_inputs.back().variable);
  }
  if (op.into) {
    for (const nn::Tensor& output : expected.outputs) {
      framed_outputs.emplace_back(unwritten(output), output.dtype(), true, tape);
      outputs.push_back(framed_outputs.back().variable);
    }
    op.into(inputs, outputs);
  } else {
    outputs = op.function(inputs);
  }
  OpResult actual;
  for (const nn::Variable& output : outputs) actual.outputs.push_back(output.value());
  backward(tape, outputs, setting.rounded);

  std::string report;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string what = nn::message("input ", i);
    report += framed_inputs[i].harm(what);
    report += difference(what + " was changed", inputs[i].value(), values[i], 0);
    actual.gradients.push_back(inputs[i].requires_grad() ? inputs[i].gradient() : nn::Tensor());
  }
  for (std::size_t i = 0; i < framed_outputs.size(); ++i) report += framed_outputs[i].harm(nn::message("output ", i));
  return report + differences(actual, expected, bound);
}

std::string check_views(const OpCase& op) {
  // Only the order of sums may differ between the paths for contiguous and for pitched tensors.
  return check_views(op, {nn::DType::f64}, 1e-13) + check_views(op, {nn::DType::f32}, 2e-6);
}

}  // namespace test
