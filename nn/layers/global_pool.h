// From feature maps of any size to one vector an image.
#pragma once

#include "nn/layers/module.h"
#include "nn/ops/concat.h"
#include "nn/ops/pool.h"

namespace nn {

/// The mean over each image: {n,h,w,c} -> {n,1,1,c}.
class GlobalAveragePool2d : public Module {
 public:
  const char* kind() const override { return "GlobalAveragePool2d"; }

 protected:
  Variable forward(const Variable& x, const Context& /*context*/) override { return global_average_pool(x); }
};

/// Mean and maximum side by side: {n,h,w,c} -> {n,1,1,2c}. The mean says how much of a feature there is, the maximum
/// whether it is there at all, however small.
class GlobalAverageMaxPool2d : public Module {
 public:
  const char* kind() const override { return "GlobalAverageMaxPool2d"; }

 protected:
  Variable forward(const Variable& x, const Context& /*context*/) override {
    return concat({global_average_pool(x), global_max_pool(x)});
  }
};

}  // namespace nn
