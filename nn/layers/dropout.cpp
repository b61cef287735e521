#include "nn/layers/dropout.h"

#include "nn/ops/dropout.h"

namespace nn {

Dropout::Dropout(double probability) : probability_(probability) {
  NN_CHECK(probability >= 0 && probability < 1, "[dropout] expects a probability in [0, 1), got ", probability);
}

Variable Dropout::forward(const Variable& x, const Context& context) {
  if (!context.training || probability_ == 0) return x;
  NN_CHECK(context.random_state.defined(), "[", path(), "] training with dropout needs context.random_state");
  return dropout(x, context.random_state,
                 {.probability = probability_, .stream = static_cast<std::uint32_t>(name_hash())});
}

}  // namespace nn
