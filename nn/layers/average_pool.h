// The mean over windows.
#pragma once

#include <cstdint>

#include "nn/kernels/padding.h"
#include "nn/layers/module.h"

namespace nn {

class AveragePool2d : public Module {
 public:
  struct Options {
    std::int64_t kernel = 2, stride = 2;  // square
    Padding padding{};
    bool ceil = false;          // the last window may hang over the edge
    bool count_padding = true;  // padding counts as zeros (PyTorch's default)
    bool same = false;          // Keras's padding="same", which never counts; whatever padding and count_padding say
  };
  explicit AveragePool2d(Options options) : options_(options) {}

  const char* kind() const override { return "AvgPool2d"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override;

 private:
  Options options_;
};

}  // namespace nn
