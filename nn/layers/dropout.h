// Dropout in training, nothing otherwise.
#pragma once

#include "nn/layers/module.h"

namespace nn {

/// Draws from context.random_state in a stream of its own, given by the layer's name.
class Dropout : public Module {
 public:
  /// `probability` that an element becomes zero, in [0, 1).
  explicit Dropout(double probability);

  const char* kind() const override { return "Dropout"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override;

 private:
  double probability_;
};

}  // namespace nn
