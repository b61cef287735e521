// Fully connected layer.
#pragma once

#include <cstdint>

#include "nn/layers/module.h"

namespace nn {

/// y = x weight^T + bias. x {rows,1,1,in} -> {rows,1,1,out}. Parameters: weight {out,1,1,in}, bias {1,1,1,out}.
class Linear : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, init::Initializer initializer = init::glorot_uniform);
  /// Behind feature maps {n,h,w,c}, which it flattens to rows of h * w * c numbers; `map` is {1,h,w,c}. In a weight
  /// file the columns stand in PyTorch's order (c,h,w): ParameterOptions::flattened_map.
  Linear(Shape map, std::int64_t out, init::Initializer initializer = init::glorot_uniform);

  const char* kind() const override { return "Linear"; }
  std::int64_t multiply_adds(const Shape& /*input*/, const Shape& /*output*/) const override {
    return weight_.shape().elements();
  }

 protected:
  Variable forward(const Variable& x, const Context& context) override;

 private:
  Shape map_;  // {1,h,w,c}; {1,1,1,in} of rows
  Parameter& weight_;
  Parameter& bias_;
};

}  // namespace nn
