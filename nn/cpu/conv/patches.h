// An image seen as the matrix of its patches ("im2col"), without building it: row r holds what one position of a
// convolution's window sees, kernel_h x kernel_w pixels of c channels. And the way back: rows to pixels.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/cpu/gemm/gemm.h"
#include "nn/cpu/loops/channel_moments.h"
#include "nn/cpu/loops/prefetch.h"
#include "nn/cpu/loops/rows.h"
#include "nn/kernels/conv.h"

namespace nn::cpu {

/// Position (i, j) of image n is row (n * count_h + i) * count_w + j; its window begins at pixel
/// (i * step_h + first_h, j * step_w + first_w), which may lie outside the image: zeros.
struct WindowGrid {
  std::int64_t count_h = 1, count_w = 1;
  std::int64_t step_h = 1, step_w = 1;
  std::int64_t first_h = 0, first_w = 0;
  std::int64_t kernel_h = 1, kernel_w = 1;

  /// Row r is pixel r.
  bool is_pixels(const Shape& image) const { return *this == WindowGrid{.count_h = image.h, .count_w = image.w}; }
  bool operator==(const WindowGrid&) const = default;
};

/// body(n, h, w, count) for rows [row, row + rows), one line of positions after the other: `count` windows of image n,
/// the first of which begins at pixel (h, w).
template <class Body>
void for_each_line(const WindowGrid& grid, std::int64_t row, std::int64_t rows, const Body& body) {
  while (rows > 0) {
    const std::int64_t j = row % grid.count_w, line = row / grid.count_w;
    const std::int64_t n = line / grid.count_h, i = line % grid.count_h;
    const std::int64_t count = std::min(rows, grid.count_w - j);
    body(n, i * grid.step_h + grid.first_h, j * grid.step_w + grid.first_w, count);
    row += count;
    rows -= count;
  }
}

/// An image, or its pixels as one long line where the grid visits them all in order: longer lines, fewer calls.
struct GridImage {
  GridImage(const Tensor& image, const WindowGrid& windows)
      : grid(windows), shape(image.shape()), pitch(image.pitch()) {
    if (!grid.is_pixels(shape)) return;
    shape = {1, 1, image.rows(), image.c()};
    grid.count_h = 1;
    grid.count_w = shape.w;
  }
  /// The row of the image's tensor, and where it begins in memory.
  std::int64_t pixel(std::int64_t n, std::int64_t h, std::int64_t w) const { return (n * shape.h + h) * shape.w + w; }
  std::int64_t offset(std::int64_t n, std::int64_t h, std::int64_t w) const { return pixel(n, h, w) * pitch; }

  /// Row r is pixel r.
  bool is_line() const { return grid.is_pixels(shape); }

  WindowGrid grid;
  Shape shape;
  std::int64_t pitch;
};

template <class T>
class PatchReader final : public MatrixReader<T> {
 public:
  PatchReader(const Tensor& image, const WindowGrid& grid, const ConvPrologue& prologue = {})
      : data_(image.data<T>()), image_(image, grid), relu_(prologue.relu) {
    if (prologue.scale.defined()) scale_ = prologue.scale.data<T>();
    if (prologue.shift.defined()) shift_ = prologue.shift.data<T>();
    const bool plain = !relu_ && scale_ == nullptr && shift_ == nullptr;
    const std::int64_t taps_at_once = plain && image_.pitch == image_.shape.c ? grid.kernel_w : 1;
    run_ = taps_at_once * image_.shape.c;
    if (plain && image_.is_line()) view_ = {data_, image_.pitch};
  }

  MatrixView<T> view() const override { return view_; }

  void expect(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns) const override {
    if (image_.is_line()) prefetch_rows(data_ + row * image_.pitch + column, image_.pitch, rows, columns);
  }

  void read(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, T* to,
            std::int64_t pitch) const override {
    const std::int64_t line = image_.grid.kernel_w * image_.shape.c;  // elements of one line of the window
    for (const std::int64_t end = column + columns; column < end;) {
      const std::int64_t p = column / line, begin = column % line;
      const std::int64_t count = std::min(run_ - begin % run_, end - column);
      read_run(row, rows, p, begin, count, to, pitch);
      to += count;
      column += count;
    }
  }

 private:
  /// Elements [begin, begin + count) of line p of the windows: of one tap, or of several side by side.
  void read_run(std::int64_t row, std::int64_t rows, std::int64_t p, std::int64_t begin, std::int64_t count, T* to,
                std::int64_t pitch) const {
    const std::int64_t c = image_.shape.c, step = image_.grid.step_w;
    const std::int64_t first_tap = begin / c, last_tap = (begin + count - 1) / c;
    const auto steps_to_reach = [&](std::int64_t w) { return (std::max<std::int64_t>(w, 0) + step - 1) / step; };
    for_each_line(image_.grid, row, rows, [&](std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t positions) {
      h += p;
      // Positions [inside, outside) see all their taps within the image.
      std::int64_t inside = positions, outside = positions;
      if (0 <= h && h < image_.shape.h) {
        inside = std::min(steps_to_reach(-w - first_tap), positions);
        outside = std::clamp(steps_to_reach(image_.shape.w - w - last_tap), inside, positions);
      }
      for (std::int64_t s = 0; s < inside; ++s) read_edge(n, h, w + s * step, begin, count, to + s * pitch);
      for (std::int64_t s = outside; s < positions; ++s) read_edge(n, h, w + s * step, begin, count, to + s * pitch);
      if (inside < outside) {
        const std::int64_t channel = begin % c;
        transform_rows<T>({.from = data_ + image_.offset(n, h, w + inside * step + first_tap) + channel,
                           .from_pitch = step * image_.pitch,
                           .to = to + inside * pitch,
                           .to_pitch = pitch,
                           .rows = outside - inside,
                           .columns = count,
                           .scale = scale_ == nullptr ? nullptr : scale_ + channel,
                           .shift = shift_ == nullptr ? nullptr : shift_ + channel,
                           .relu = relu_});
      }
      to += positions * pitch;
    });
  }

  /// The same for one window, which begins at pixel (h, w) and lies partly or wholly outside.
  void read_edge(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t begin, std::int64_t count, T* to) const {
    const std::int64_t c = image_.shape.c, end = begin + count;
    const bool line_inside = 0 <= h && h < image_.shape.h;
    const std::int64_t inside = line_inside ? std::clamp(-w * c, begin, end) : end;
    const std::int64_t outside = line_inside ? std::clamp((image_.shape.w - w) * c, inside, end) : end;
    std::fill(to, to + (inside - begin), T(0));
    std::fill(to + (outside - begin), to + count, T(0));
    // A run that is partly inside has several taps, and these are contiguous (see run_).
    if (inside < outside)
      std::copy_n(data_ + image_.offset(n, h, 0) + w * c + inside, outside - inside, to + (inside - begin));
  }

  const T* data_;
  GridImage image_;
  const T* scale_ = nullptr;
  const T* shift_ = nullptr;
  bool relu_;
  MatrixView<T> view_{};
  std::int64_t run_;  // elements of a window's line that are copied at once: contiguous in the image
};

/// Writes row r of the result to the pixel at which window r of the grid begins, through a convolution's epilogue.
template <class T>
class PixelWriter final : public MatrixWriter<T> {
 public:
  /// An epilogue without bias (the shift takes it in) and without statistics: of them see measure_into().
  PixelWriter(const Tensor& image, const WindowGrid& grid, const ConvEpilogue& epilogue)
      : data_(image.data<T>()), image_(image, grid), relu_(epilogue.relu), beta_(static_cast<T>(epilogue.beta)) {
    if (epilogue.scale.defined()) scale_ = epilogue.scale.data<T>();
    if (epilogue.shift.defined()) shift_ = epilogue.shift.data<T>();
  }

  /// Also adds up what is written: row r belongs to piece r / piece_rows. For a grid that visits all pixels in order.
  void measure_into(ChannelMoments& moments, std::int64_t piece_rows) {
    moments_ = &moments;
    piece_rows_ = piece_rows;
  }

  void expect(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns) const override {
    if (image_.is_line()) prefetch_rows(data_ + row * image_.pitch + column, image_.pitch, rows, columns);
  }

  void write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, const T* from,
             std::int64_t pitch) const override {
    for_each_line(image_.grid, row, rows, [&](std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t count) {
      transform_rows<T>({.from = from,
                         .from_pitch = pitch,
                         .to = data_ + image_.offset(n, h, w) + column,
                         .to_pitch = image_.grid.step_w * image_.pitch,
                         .rows = count,
                         .columns = columns,
                         .scale = scale_ == nullptr ? nullptr : scale_ + column,
                         .shift = shift_ == nullptr ? nullptr : shift_ + column,
                         .relu = relu_,
                         .beta = beta_});
      from += count * pitch;
    });
    if (moments_ == nullptr) return;
    PieceMoments<T> piece(columns);  // of rows that are still in the cache
    piece.add(data_ + row * image_.pitch + column, image_.pitch, rows);
    piece.store(*moments_, row / piece_rows_, column);
  }

 private:
  T* data_;
  GridImage image_;
  const T* scale_ = nullptr;
  const T* shift_ = nullptr;
  bool relu_;
  T beta_;
  ChannelMoments* moments_ = nullptr;
  std::int64_t piece_rows_ = 0;
};

}  // namespace nn::cpu
