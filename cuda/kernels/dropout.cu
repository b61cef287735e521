#include "cuda/kernels/dropout.h"

#include "cuda/launch/elementwise.cuh"
#include "nn/kernels/dropout.h"

namespace cuda {
namespace {

using nn::Tensor;

template <class T, int width>
void dropout_as(const Tensor& x, const Tensor& random_state, const nn::DropoutSettings& settings, const Tensor& y,
                float beta) {
  for_each_piece_of(
      width,
      [&](const Piece& piece) {
        const VectorGrid grid(piece.rows, piece.c, width);
        launch(Dropout<T, width>{grid, static_cast<std::uint64_t>(piece.row * x.c() + piece.column), x.c(),
                                 rows_of<const T>(x, piece.row, piece.column), rows_of<T>(y, piece.row, piece.column),
                                 random_state.data<std::int32_t>(), settings.stream, settings.probability,
                                 static_cast<float>(1 / (1 - settings.probability)), beta},
               grid.blocks());
      },
      x, y);
}

void apply_dropout(const Tensor& x, const Tensor& random_state, const nn::DropoutSettings& settings, const Tensor& y,
                   float beta) {
  nn::check_dropout(x, random_state, settings, y);
  dispatch_activation("dropout", x, [&]<class T>() {
    dispatch_width<T>([&]<int width>() { dropout_as<T, width>(x, random_state, settings, y, beta); }, x, y);
  });
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(apply_dropout, Device::cuda, cuda::apply_dropout);

}  // namespace nn
