// Layers one after the other.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nn/layers/module.h"

namespace nn {

/// Sequential features;
/// features.add<Conv2d>(3, 64, Conv2d::Options{.relu = true});     // "0"
/// features.add_named<MaxPool2d>("pool0", MaxPool2d::Options{});    // "pool0"
class Sequential : public Module {
 public:
  /// Appends a layer under a name of its own.
  template <class Layer, class... Args>
  Layer& add_named(std::string name, Args&&... args) {
    Layer& layer = add_child<Layer>(std::move(name), std::forward<Args>(args)...);
    layers_.push_back(&layer);
    return layer;
  }
  /// Appends a layer, named by its place from 0 on, as PyTorch does.
  template <class Layer, class... Args>
  Layer& add(Args&&... args) {
    return add_named<Layer>(std::to_string(layers_.size()), std::forward<Args>(args)...);
  }

  const char* kind() const override { return "Sequential"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override {
    Variable y = x;
    for (Module* layer : layers_) y = (*layer)(y, context);
    return y;
  }

 private:
  std::vector<Module*> layers_;
};

}  // namespace nn
