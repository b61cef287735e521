#include "nn/autograd/grad_slot.h"

#include "nn/kernels/fill.h"

namespace nn {

GradTarget GradSlot::target(std::int64_t begin, std::int64_t end) {
  if (!gradient_.defined()) gradient_ = Tensor::empty(shape_, dtype_, device_);
  const bool whole = begin == 0 && end == shape_.c;
  if (!written_ && !whole) clear_memory();
  const float beta = written_ || !whole ? 1.0F : 0.0F;
  written_ = true;
  return {whole ? gradient_ : gradient_.channel_range(begin, end), beta};
}

Tensor GradSlot::gradient() {
  if (!gradient_.defined()) gradient_ = Tensor::empty(shape_, dtype_, device_);
  if (!written_) clear_memory();
  return gradient_;
}

void GradSlot::clear_memory() {
  fill(0.0, gradient_);
  written_ = true;
}

}  // namespace nn
