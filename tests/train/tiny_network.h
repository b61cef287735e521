// A network small enough for tests, with a filter, a batch norm and a matrix: every kind of stored tensor.
#pragma once

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"

namespace test {

class TinyNetwork : public nn::Module {
 public:
  explicit TinyNetwork(std::int64_t width = 4)
      : conv_(add_child<nn::Conv2d>("conv", 3, width, nn::Conv2d::Options{.kernel = 3, .bias = false})),
        norm_(add_child<nn::BatchNorm2d>("norm", width, nn::BatchNorm2d::Options{.relu = true})),
        pool_(add_child<nn::GlobalAveragePool2d>("pool")),
        classifier_(add_child<nn::Linear>("classifier", width, 6)) {}

  const char* kind() const override { return "TinyNetwork"; }

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override {
    return classifier_(pool_(norm_(conv_(x, context), context), context), context);
  }

 private:
  nn::Module &conv_, &norm_, &pool_, &classifier_;
};

}  // namespace test
