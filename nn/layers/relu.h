// max(x, 0) as a layer, for a Sequential; elsewhere call the op, or fuse it into the convolution or batch norm before.
#pragma once

#include "nn/layers/module.h"
#include "nn/ops/activation.h"

namespace nn {

class Relu : public Module {
 public:
  const char* kind() const override { return "ReLU"; }

 protected:
  Variable forward(const Variable& x, const Context& /*context*/) override { return relu(x); }
};

}  // namespace nn
