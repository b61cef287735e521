// Running an OpCase once: inputs as leaf variables, the op, its backward from random upstream gradients.
#pragma once

#include <vector>

#include "nn/autograd/tape.h"
#include "tests/support/op_case.h"

namespace test {

/// The case's inputs, the same numbers for every type: drawn, then rounded to f32.
std::vector<nn::Tensor> draw_inputs(const OpCase& op, nn::DType dtype, nn::Device device = nn::Device::cpu);

/// Leaf variables of these values on `tape`, with a gradient where the case wants one.
Variables leaves(const OpCase& op, const std::vector<nn::Tensor>& values, nn::Tape& tape);

/// The random gradient of output number `index`.
nn::Tensor upstream_gradient(const nn::Variable& output, std::size_t index);
/// Gives every output that has a gradient its upstream gradient and runs the tape.
void backward(nn::Tape& tape, const Variables& outputs);

/// What a run leaves behind. gradients[i] is undefined where input i has none.
struct OpResult {
  std::vector<nn::Tensor> outputs, gradients;
};
OpResult run(const OpCase& op, const std::function<Variables(const Variables&)>& function, nn::DType dtype,
             nn::Device device = nn::Device::cpu);

/// Empty, or a line for each output or gradient that differs by more than `bound`.
std::string differences(const OpResult& actual, const OpResult& expected, double bound);

}  // namespace test
