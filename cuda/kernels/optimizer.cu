#include "cuda/kernels/optimizer.h"

#include "cuda/launch/dispatch.h"
#include "cuda/launch/elementwise.cuh"
#include "cuda/launch/launch.cuh"
#include "nn/kernels/optimizer.h"

namespace cuda {
namespace {

using nn::Tensor;

void sum_of_squares(const Tensor& x, const Tensor& sum) {
  NN_CHECK(x.contiguous(), "[sum_of_squares] expects a contiguous tensor, got ", x.shape(), " with pitch ", x.pitch());
  NN_CHECK(x.dtype() == nn::DType::f32, "[sum_of_squares] expects f32 on CUDA, got ", x.dtype());
  const Tensor flat = x.reshape(nn::vector_shape(x.elements()));
  dispatch_width<float>(
      [&]<int width>() {
        const std::int64_t blocks = SquareSums<width>::block_count(x.elements());
        const Workspace workspace(static_cast<std::size_t>(blocks) * sizeof(double));
        auto* const partial = static_cast<double*>(workspace.data());
        launch_combining(SquareSums<width>(flat.data<float>(), x.elements(), partial), blocks);
        launch_combining(PartialTotal(partial, blocks, sum.data<double>()), 1);
      },
      flat);
}

void prepare_update(const Tensor& sum, double max_norm, const Tensor& state) {
  nn::check_step_state("prepare_update", state);
  launch(PrepareUpdate{sum.data<double>(), max_norm, state.data<double>()}, 1);
}

/// Moments are in the order in which Update takes them.
template <class Update, class Options, class... Moments>
void update_segment(const Options& options, const Tensor& state, const Tensor& copy, const Tensor& value,
                    const Tensor& gradient, const Moments&... moments) {
  const Workspace numbers(sizeof(Update));
  auto* const update = static_cast<Update*>(numbers.data());
  launch(StepNumbers<Update, Options>{options, state.data<double>(), update}, 1);
  const auto queue = [&]<int width>() {
    for_each_piece(1, value.elements(), width, [&](const Piece& piece) {
      const VectorGrid grid(1, piece.c, width);
      launch(UpdateSegment<Update, sizeof...(moments), width>{grid,
                                                              update,
                                                              state.data<double>(),
                                                              gradient.data<float>() + piece.column,
                                                              value.data<float>() + piece.column,
                                                              {moments.template data<float>() + piece.column...},
                                                              copy.defined() ? copy.data<nn::bfloat16>() + piece.column
                                                                             : nullptr},
             grid.blocks());
    });
  };
  dispatch_width<float>(queue, value, gradient, moments..., copy.defined() ? copy : value);
}

void sgd_update(const Tensor& value, const Tensor& gradient, const Tensor& velocity, const nn::SgdOptions& options,
                const Tensor& state, const Tensor& copy) {
  nn::check_update("sgd_update", {value, gradient, velocity}, state, copy);
  NN_CHECK(value.dtype() == nn::DType::f32, "[sgd_update] expects f32 on CUDA, got ", value.dtype());
  update_segment<nn::functors::SgdUpdate<float>>(options, state, copy, value, gradient, velocity);
}

void adam_update(const Tensor& value, const Tensor& gradient, const Tensor& first, const Tensor& second,
                 const nn::AdamOptions& options, const Tensor& state, const Tensor& copy) {
  nn::check_update("adam_update", {value, gradient, first, second}, state, copy);
  NN_CHECK(value.dtype() == nn::DType::f32, "[adam_update] expects f32 on CUDA, got ", value.dtype());
  update_segment<nn::functors::AdamUpdate<float>>(options, state, copy, value, gradient, first, second);
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(sum_of_squares, Device::cuda, cuda::sum_of_squares);
NN_FILL_KERNEL(prepare_update, Device::cuda, cuda::prepare_update);
NN_FILL_KERNEL(sgd_update, Device::cuda, cuda::sgd_update);
NN_FILL_KERNEL(adam_update, Device::cuda, cuda::adam_update);

}  // namespace nn
