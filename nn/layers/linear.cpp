#include "nn/layers/linear.h"

#include "nn/ops/linear.h"

namespace nn {

Linear::Linear(std::int64_t in, std::int64_t out, init::Initializer initializer)
    : weight_(add_parameter("weight", {out, 1, 1, in}, {.initializer = initializer, .file_rank = 2})),
      bias_(add_parameter("bias", vector_shape(out), {.weight_decay = false})) {}

Variable Linear::forward(const Variable& x, const Context& /*context*/) {
  return linear(x, weight_.variable(), bias_.variable());
}

}  // namespace nn
