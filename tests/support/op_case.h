// One description of an op, run by every suite: Gradient, Views, Beta, Precision, Parity, Reference (tests/README.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nn/autograd/variable.h"
#include "nn/core/philox.h"
#include "tests/support/values.h"

namespace test {

using Variables = std::vector<nn::Variable>;

/// What type an input has where the network computes in bf16, and what type its gradient.
enum class Role {
  activation,  // bf16, bf16
  weights,     // bf16, f32: weights and biases of convolutions and linear layers
  vector,      // f32, f32: per-channel vectors of batch norm, everything of a loss
};

/// One input of the op.
struct Input {
  nn::Shape shape{};
  Values values = normal();
  bool gradient = true;
  /// For inputs of a fixed type, such as i32 class numbers; otherwise each suite chooses f32, f64 or bf16.
  std::optional<nn::DType> dtype{};
  Role role = Role::activation;
};

struct OpCase {
  /// What is special, to be read after the suite's name: "WithStride2" becomes Conv2d.GradientWithStride2.
  std::string name;
  std::vector<Input> inputs;
  /// Calls the op on variables made from `inputs` and returns all of its outputs.
  std::function<Variables(const Variables& inputs)> function;
  /// For ops that can write into given variables: the same op, `outputs` shaped as function's. Views runs it.
  std::function<void(const Variables& inputs, const Variables& outputs)> into{};
  /// For fused ops: the same result composed of primitive ops. Reference compares values and gradients in f64.
  std::function<Variables(const Variables& inputs)> reference{};
  /// Bound of the normalised error of CPU f32 against CPU f64, values and gradients. f32 rounds to 6e-8; the largest
  /// error measured over all cases is 3.6e-7 (a convolution over several tiles).
  double precision = 5e-7;
};

}  // namespace test
