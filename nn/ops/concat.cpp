#include "nn/ops/concat.h"

#include "nn/autograd/tape.h"
#include "nn/kernels/arithmetic.h"
#include "nn/tensor/copy.h"

namespace nn {

Variable concat(const std::vector<Variable>& parts) {
  NN_CHECK(!parts.empty(), "[concat] expects at least one part");
  const Variable &first_part = parts.front(), *with_gradient = &first_part, *with_tape = &first_part;
  Shape shape = first_part.shape();
  shape.c = 0;
  for (const Variable& part : parts) {
    const Shape& s = part.shape();
    NN_CHECK(s.n == shape.n && s.h == shape.h && s.w == shape.w, "[concat] expects parts of equal n, h and w, got ",
             first_part.shape(), " and ", s);
    shape.c += part.c();
    if (part.requires_grad()) with_gradient = &part;
    if (part.tape() != nullptr) with_tape = &part;
  }
  Variable y = Variable::output(shape, {&first_part, with_gradient, with_tape});
  std::int64_t begin = 0;
  for (const Variable& part : parts) {
    copy_into(part.value(), y.value().channel_range(begin, begin + part.c()));
    begin += part.c();
  }
  if (y.recorded()) {
    std::vector<Variable> gradients;
    gradients.reserve(parts.size());
    for (const Variable& part : parts) gradients.push_back(part.gradient_only());
    y.tape()->record("concat", [gradients, y = y.gradient_only()] {
      std::int64_t first = 0;
      for (const Variable& part : gradients) {
        const GradTarget target = part.gradient_target();
        if (target.wanted()) {
          accumulate(y.gradient().channel_range(first, first + part.c()), target.gradient, target.beta);
        }
        first += part.c();
      }
    });
  }
  return y;
}

}  // namespace nn
