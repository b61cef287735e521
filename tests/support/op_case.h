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

/// One input of the op.
struct Input {
  nn::Shape shape{};
  Values values = normal();
  bool gradient = true;
  /// For inputs of a fixed type, such as i32 class numbers; otherwise each suite chooses f32 or f64.
  std::optional<nn::DType> dtype{};
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
