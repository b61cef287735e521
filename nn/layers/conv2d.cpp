#include "nn/layers/conv2d.h"

#include "nn/ops/conv2d.h"

namespace nn {

Conv2d::Conv2d(std::int64_t in, std::int64_t out, Options options)
    : options_(options),
      weight_(add_parameter("weight", {out, options.kernel, options.kernel, in},
                            {.initializer = options.initializer, .file_rank = 4})) {
  if (options.bias) bias_ = &add_parameter("bias", vector_shape(out), {.weight_decay = false});
}

std::int64_t Conv2d::multiply_adds(const Shape& /*input*/, const Shape& output) const {
  return output.h * output.w * weight_.shape().elements();
}

ConvGeometry Conv2d::geometry() const {
  return {.stride_h = options_.stride, .stride_w = options_.stride, .padding = options_.padding};
}

Shape Conv2d::output_shape(const Shape& x) const { return conv2d_output_shape(x, weight_.shape(), geometry()); }

Variable Conv2d::forward(const Variable& x, const Context& /*context*/) {
  return conv2d(x, weight(), bias(), {.geometry = geometry(), .relu = options_.relu});
}

void Conv2d::forward_into(const Variable& x, const Variable& y, const Context& /*context*/) {
  conv2d_into(x, weight(), bias(), y, {.geometry = geometry(), .relu = options_.relu});
}

}  // namespace nn
