#include "nn/kernels/dropout.h"

#include "nn/cpu/loops/elementwise.h"
#include "nn/functors/dropout.h"

namespace nn {
namespace cpu {
namespace {

/// One row of c elements, the first of which has number `index`.
template <class T>
void dropout_row(const functors::DropoutMask& mask, std::uint64_t index, std::int64_t c, T scale, const T* x, T* y,
                 T beta) {
  Philox4 words{};
  for (std::int64_t i = 0; i < c; ++i, ++index) {
    if (i == 0 || index % 4 == 0) words = mask.words(index / 4);
    const T value = mask.kept(words.x[index % 4]) ? scale * x[i] : T(0);
    y[i] = beta == T(0) ? value : value + beta * y[i];
  }
}

void apply_dropout(const Tensor& x, const Tensor& random_state, const DropoutSettings& settings, const Tensor& y,
                   float beta) {
  check_dropout(x, random_state, settings, y);
  const auto mask = functors::DropoutMask::of(random_state.data<std::int32_t>(), settings.stream, settings.probability);
  dispatch_float("dropout", x, [&]<class T>() {
    const T scale = static_cast<T>(1 / (1 - settings.probability));
    parallel_for(0, x.rows(), rows_per_chunk(x.c()), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        dropout_row(mask, static_cast<std::uint64_t>(r * x.c()), x.c(), scale, x.row<T>(r), y.row<T>(r), T(beta));
      }
    });
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(apply_dropout, cpu::apply_dropout);

}  // namespace nn
