#include "nn/layers/linear.h"

#include "nn/ops/linear.h"

namespace nn {

Linear::Linear(std::int64_t in, std::int64_t out, init::Initializer initializer)
    : Linear(vector_shape(in), out, initializer) {}

Linear::Linear(Shape map, std::int64_t out, init::Initializer initializer)
    : map_(map),
      weight_(add_parameter("weight", matrix_shape(out, map.elements()),
                            {.initializer = initializer, .file_rank = 2, .flattened_map = map})),
      bias_(add_parameter("bias", vector_shape(out), {.weight_decay = false})) {}

Variable Linear::forward(const Variable& x, const Context& /*context*/) {
  const Shape expected{x.shape().n, map_.h, map_.w, map_.c};
  NN_CHECK(x.shape() == expected, "[", path(), "] expects maps of ", map_.h, " x ", map_.w, " x ", map_.c, ", got ",
           x.shape());
  return linear(x.reshape(matrix_shape(expected.n, map_.elements())), weight_.variable(), bias_.variable());
}

}  // namespace nn
