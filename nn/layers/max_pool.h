// The maximum over windows.
#pragma once

#include <cstdint>

#include "nn/kernels/pool.h"
#include "nn/layers/module.h"

namespace nn {

class MaxPool2d : public Module {
 public:
  struct Options {
    std::int64_t kernel = 2, stride = 2;  // square
    Padding padding{};
    bool ceil = false;  // the last window may hang over the edge
    bool same = false;  // Keras's padding="same", whatever `padding` says
  };
  explicit MaxPool2d(Options options) : options_(options) {}

  const char* kind() const override { return "MaxPool2d"; }
  PoolGeometry geometry(const Shape& x) const;
  Shape output_shape(const Shape& x) const { return pool_output_shape(x, geometry(x)); }

 protected:
  Variable forward(const Variable& x, const Context& context) override;
  void forward_into(const Variable& x, const Variable& y, const Context& context) override;

 private:
  Options options_;
};

}  // namespace nn
