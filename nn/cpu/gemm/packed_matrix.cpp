#include "nn/cpu/gemm/packed_matrix.h"

#include "nn/core/parallel.h"
#include "nn/cpu/gemm/blocking.h"

namespace nn::cpu {

template <class T>
PackedMatrix<T>::PackedMatrix(std::int64_t depth, std::int64_t columns)
    : depth_(depth),
      columns_(columns),
      padded_columns_(round_up(columns, tile_shape<T>().vector)),
      data_(scratch<T>(depth * padded_columns_)) {}

template <class T>
template <class Pack>
void PackedMatrix<T>::for_each_panel(const Pack& pack) const {
  const std::int64_t panel = tile_shape<T>().columns;
  const std::int64_t panels = blocks(columns_, panel);
  const DepthRuns runs(depth_);
  parallel_for(0, runs.count * panels, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t begin = runs.begin(i / panels), count = runs.length(i / panels), column = i % panels * panel;
      const std::int64_t width = std::min(panel, padded_columns_ - column);
      T* to = data_.data<T>() + begin * padded_columns_ + column * count;
      pack(begin, count, column, std::min(width, columns_ - column), width, to);
    }
  });
}

template <class T>
PackedMatrix<T> PackedMatrix<T>::from_rows(const MatrixReader<T>& matrix, std::int64_t depth, std::int64_t columns) {
  PackedMatrix packed(depth, columns);
  packed.for_each_panel([&](std::int64_t begin, std::int64_t count, std::int64_t column, std::int64_t used,
                            std::int64_t width, T* to) { matrix.read(begin, count, column, used, to, width); });
  return packed;
}

template <class T>
PackedMatrix<T> PackedMatrix<T>::from_transposed(const MatrixReader<T>& matrix, std::int64_t depth,
                                                 std::int64_t columns) {
  PackedMatrix packed(depth, columns);
  packed.for_each_panel(
      [&](std::int64_t begin, std::int64_t count, std::int64_t column, std::int64_t used, std::int64_t width, T* to) {
        const Tensor rows = scratch<T>(used * count);
        matrix.read(column, used, begin, count, rows.data<T>(), count);
        const T* from = rows.data<T>();
        constexpr std::int64_t at_once = 16;  // as many rows of the panel as stay in the first-level cache
        for (std::int64_t first = 0; first < count; first += at_once) {
          const std::int64_t last = std::min(first + at_once, count);
          for (std::int64_t j = 0; j < used; ++j) {
            for (std::int64_t p = first; p < last; ++p) to[p * width + j] = from[j * count + p];
          }
        }
      });
  return packed;
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace nn::cpu
