#include "tests/support/op_run.h"

#include <memory>

#include "nn/kernels/arithmetic.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"

namespace test {
namespace {

constexpr std::uint64_t seed = 2019;
constexpr std::uint32_t inputs_purpose = 1, upstream_purpose = 2;

double in_f32(double number, bool rounded) {
  const auto single = static_cast<float>(number);
  return static_cast<double>(rounded ? static_cast<float>(nn::bfloat16(single)) : single);
}

nn::Tensor drawn(const nn::Shape& shape, const Values& values, const Setting& setting, nn::Random random) {
  const auto& [dtype, device, rounded] = setting;
  std::vector<double> numbers = values(shape.elements(), random);
  for (double& number : numbers) number = in_f32(number, rounded);
  if (dtype == nn::DType::i32) {
    const std::vector<std::int32_t> whole(numbers.begin(), numbers.end());
    return nn::to_device(nn::Tensor::from<std::int32_t>(shape, whole), device);
  }
  const nn::Tensor tensor = nn::Tensor::empty(shape, dtype);
  nn::cast(nn::Tensor::from<double>(shape, numbers), tensor);
  return nn::to_device(tensor, device);
}

nn::DType dtype_of(const Input& input, nn::DType activation) {
  return input.dtype.value_or(input.role == Role::vector ? nn::full_precision(activation) : activation);
}

}  // namespace

nn::DType gradient_dtype(const Input& input, const nn::Tensor& value) {
  return input.role == Role::weights ? nn::full_precision(value.dtype()) : value.dtype();
}

std::vector<nn::Tensor> draw_inputs(const OpCase& op, const Setting& setting) {
  std::vector<nn::Tensor> tensors;
  for (const Input& input : op.inputs) {
    nn::Random random(seed, inputs_purpose, tensors.size());
    Setting of_input = setting;
    of_input.dtype = dtype_of(input, setting.dtype);
    tensors.push_back(drawn(input.shape, input.values, of_input, random));
  }
  return tensors;
}

Variables leaves(const OpCase& op, const std::vector<nn::Tensor>& values, nn::Tape& tape) {
  Variables variables;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!op.inputs[i].gradient) {
      variables.emplace_back(values[i], &tape);
      continue;
    }
    const nn::DType dtype = gradient_dtype(op.inputs[i], values[i]);
    auto slot = std::make_shared<nn::GradSlot>(values[i].shape(), dtype, values[i].device());
    variables.push_back(nn::Variable::leaf(values[i], slot, &tape));
  }
  return variables;
}

nn::Tensor upstream_gradient(const nn::Variable& output, std::size_t index, bool rounded) {
  const nn::Tensor& value = output.value();
  return drawn(value.shape(), normal(), {value.dtype(), value.device(), rounded},
               nn::Random(seed, upstream_purpose, index));
}

void backward(nn::Tape& tape, const Variables& outputs, bool rounded) {
  const nn::Variable* last = nullptr;
  std::size_t last_index = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].recorded()) continue;
    if (last != nullptr) {
      const nn::GradTarget target = last->gradient_target();
      nn::accumulate(upstream_gradient(*last, last_index, rounded), target.gradient, target.beta);
    }
    last = &outputs[i];
    last_index = i;
  }
  NN_CHECK(last != nullptr, "[test] no output was recorded: no gradient can be checked");
  tape.backward_from(*last, upstream_gradient(*last, last_index, rounded));
}

OpResult run(const OpCase& op, const std::function<Variables(const Variables&)>& function, const Setting& setting) {
  nn::Tape tape;
  const Variables inputs = leaves(op, draw_inputs(op, setting), tape);
  const Variables outputs = function(inputs);
  OpResult result;
  for (const nn::Variable& output : outputs) result.outputs.push_back(nn::clone(output.value()));
  backward(tape, outputs, setting.rounded);
  for (const nn::Variable& input : inputs) {
    result.gradients.push_back(input.requires_grad() ? input.gradient() : nn::Tensor());
  }
  return result;
}

std::string differences(const OpResult& actual, const OpResult& expected, double bound) {
  std::string report;
  if (actual.outputs.size() != expected.outputs.size()) return "number of outputs differs\n";
  for (std::size_t i = 0; i < actual.outputs.size(); ++i) {
    report += difference(nn::message("output ", i), actual.outputs[i], expected.outputs[i], bound);
  }
  for (std::size_t i = 0; i < actual.gradients.size(); ++i) {
    if (!expected.gradients[i].defined()) continue;
    report += difference(nn::message("gradient of input ", i), actual.gradients[i], expected.gradients[i], bound);
  }
  return report;
}

}  // namespace test
