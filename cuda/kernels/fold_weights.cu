#include "cuda/kernels/fold_weights.h"

#include "cuda/launch/dispatch.h"
#include "cuda/launch/launch.cuh"
#include "nn/kernels/check.h"

namespace cuda {
namespace {

using nn::Tensor;

template <class T, int width>
struct FoldWeights {
  VectorGrid grid;  // of w
  Divisor rows;     // of w, for each output channel
  Rows<const T> w;
  const T* bias;       // or null
  const float* scale;  // or null
  const float* shift;  // or null
  Rows<T> folded;
  T* folded_bias;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const std::uint32_t channel = rows.quotient(place.row);
    const float factor = scale != nullptr ? scale[channel] : 1;
    auto values = load<width>(w.at(place.row, place.column), place.count);
    NN_UNROLL for (int i = 0; i < width; ++i) values.v[i] *= factor;
    store<width>(folded.at(place.row, place.column), values, place.count);
    if (place.column > 0 || rows.remainder(place.row) > 0) return;  // one thread a channel
    const float sum = bias != nullptr ? static_cast<float>(bias[channel]) * factor : 0;
    folded_bias[channel] = static_cast<T>(shift != nullptr ? sum + shift[channel] : sum);
  }
};

template <class T>
const T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data<T>() : nullptr;
}

}  // namespace

void fold_weights(const Tensor& w, const nn::ConvEpilogue& epilogue, const Tensor& folded, const Tensor& folded_bias) {
  nn::check_same("fold_weights", w, folded);
  dispatch_activation("fold_weights", w, [&]<class T>() {
    dispatch_width<T>(
        [&]<int width>() {
          const VectorGrid grid(w.rows(), w.c(), width);
          launch(FoldWeights<T, width>{grid, Divisor(static_cast<std::uint32_t>(w.h() * w.w())), rows_of<const T>(w),
                                       data_or_null<T>(epilogue.bias), data_or_null<float>(epilogue.scale),
                                       data_or_null<float>(epilogue.shift), rows_of<T>(folded), folded_bias.data<T>()},
                 grid.blocks());
        },
        w, folded);
  });
}

}  // namespace cuda
