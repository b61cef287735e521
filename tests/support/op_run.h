// Running an OpCase once: inputs as leaf variables, the op, its backward from random upstream gradients.
#pragma once

#include <vector>

#include "nn/autograd/tape.h"
#include "tests/support/op_case.h"

namespace test {

/// Where an op runs: the type of its activations, and the device.
struct Setting {
  nn::DType dtype = nn::DType::f32;
  nn::Device device = nn::Device::cpu;
  /// All numbers drawn are rounded to bf16 first, so that a run in f32 has the same inputs as one in bf16.
  bool rounded = dtype == nn::DType::bf16;
};

/// The case's inputs, the same numbers for every type: drawn, then rounded to f32.
std::vector<nn::Tensor> draw_inputs(const OpCase& op, const Setting& setting);

/// The type of an input's gradient.
nn::DType gradient_dtype(const Input& input, const nn::Tensor& value);

/// Leaf variables of these values on `tape`, with a gradient where the case wants one.
Variables leaves(const OpCase& op, const std::vector<nn::Tensor>& values, nn::Tape& tape);

/// The random gradient of output number `index`.
nn::Tensor upstream_gradient(const nn::Variable& output, std::size_t index, bool rounded = false);
/// Gives every output that has a gradient its upstream gradient and runs the tape.
void backward(nn::Tape& tape, const Variables& outputs, bool rounded = false);

/// What a run leaves behind. gradients[i] is undefined where input i has none.
struct OpResult {
  std::vector<nn::Tensor> outputs, gradients;
};
OpResult run(const OpCase& op, const std::function<Variables(const Variables&)>& function, const Setting& setting);

/// Empty, or a line for each output or gradient that differs by more than `bound`.
std::string differences(const OpResult& actual, const OpResult& expected, double bound);

}  // namespace test
