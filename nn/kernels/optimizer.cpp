#include "nn/kernels/optimizer.h"

#include "nn/kernels/check.h"

namespace nn {

void check_step_state(const char* kernel, const Tensor& state) {
  NN_CHECK(state.elements() == step_state::size, "[", kernel, "] expects a state of ", step_state::size,
           " numbers, got ", state.elements());
}

void check_update(const char* kernel, const std::vector<Tensor>& segments, const Tensor& state, const Tensor& copy) {
  const Tensor& value = segments.front();
  for (const Tensor& segment : segments) {
    check_same(kernel, value, segment);
    NN_CHECK(segment.contiguous(), "[", kernel, "] expects contiguous segments");
  }
  check_step_state(kernel, state);
  NN_CHECK(!copy.defined() || (copy.dtype() == DType::bf16 && copy.shape() == value.shape() && copy.contiguous()), "[",
           kernel, "] expects a contiguous bf16 copy of ", value.shape(), ", got ", copy.shape(), ' ', copy.dtype());
}

}  // namespace nn
