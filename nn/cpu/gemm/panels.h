// A matrix in panels: how operands of a block product lie in memory, so that the innermost loop reads straight on.
#pragma once

#include <algorithm>
#include <cstdint>

namespace nn::cpu {

/// `rows` x `columns`, cut into bands of `band` rows and these into panels of `width` columns (the last of each as
/// large as is left). A panel lies in one piece, row by row; the panels of a band follow one another, then the next
/// band.
///
///              width   width  rest
///            ┌───────┬───────┬────┐
///       band │   0   │   1   │ 2  │      element (r, c) of panel 1 lies at  r * width + c  from the panel's beginning
///            ├───────┼───────┼────┤
///       band │   3   │   4   │ 5  │
///            └───────┴───────┴────┘
struct Panels {
  std::int64_t rows, columns, band, width;

  std::int64_t elements() const { return rows * columns; }
  std::int64_t band_rows(std::int64_t row) const { return std::min(band, rows - row / band * band); }
  std::int64_t panel_width(std::int64_t column) const { return std::min(width, columns - column / width * width); }
  /// Where the panel of (row, column) begins.
  std::int64_t panel(std::int64_t row, std::int64_t column) const {
    return row / band * band * columns + column / width * width * band_rows(row);
  }
  std::int64_t offset(std::int64_t row, std::int64_t column) const {
    return panel(row, column) + row % band * panel_width(column) + column % width;
  }
};

}  // namespace nn::cpu
