// Convolution with bias and, fused, ReLU.
#pragma once

#include <cstdint>

#include "nn/kernels/conv.h"
#include "nn/layers/module.h"

namespace nn {

/// x {n,h,w,in} -> {n,h',w',out}. Parameters: weight {out, kernel_h, kernel_w, in}, bias {1,1,1,out}.
class Conv2d : public Module {
 public:
  struct Options {
    std::int64_t kernel = 3;  // square
    std::int64_t stride = 1;
    Padding padding{};
    bool bias = true;
    bool relu = false;  // relu(conv + bias)
    init::Initializer initializer = init::he_normal;
  };
  Conv2d(std::int64_t in, std::int64_t out, Options options);

  const char* kind() const override { return "Conv2d"; }
  std::int64_t multiply_adds(const Shape& input, const Shape& output) const override;
  Shape output_shape(const Shape& x) const;
  const Variable& weight() const { return weight_.variable(); }
  /// Undefined if there is none.
  Variable bias() const { return bias_ ? bias_->variable() : Variable(); }
  bool relu() const { return options_.relu; }
  ConvGeometry geometry() const;

 protected:
  Variable forward(const Variable& x, const Context& context) override;
  void forward_into(const Variable& x, const Variable& y, const Context& context) override;

 private:
  Options options_;
  Parameter& weight_;
  Parameter* bias_ = nullptr;
};

}  // namespace nn
