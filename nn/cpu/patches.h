// An image seen as the matrix of its patches ("im2col"), without building it: row r holds what one position of a
// convolution's window sees, kernel_h x kernel_w pixels of c channels. Also the way back: rows to pixels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "nn/cpu/gemm.h"
#include "nn/kernels/conv.h"

namespace nn::cpu {

/// Position (i, j) of image n is row (n * count_h + i) * count_w + j; its window begins at pixel
/// (i * step_h + first_h, j * step_w + first_w), which may lie outside the image: zeros.
struct WindowGrid {
  std::int64_t count_h = 1, count_w = 1;
  std::int64_t step_h = 1, step_w = 1;
  std::int64_t first_h = 0, first_w = 0;
  std::int64_t kernel_h = 1, kernel_w = 1;
};

/// Walks over the positions of a grid in row order, starting at a given row.
class GridCursor {
 public:
  GridCursor(const WindowGrid& grid, std::int64_t row)
      : grid_(grid),
        n_(row / grid.count_w / grid.count_h),
        i_(row / grid.count_w % grid.count_h),
        j_(row % grid.count_w) {}
  void next() {
    if (++j_ < grid_.count_w) return;
    j_ = 0;
    if (++i_ < grid_.count_h) return;
    i_ = 0;
    ++n_;
  }
  std::int64_t n() const { return n_; }
  std::int64_t pixel_h() const { return i_ * grid_.step_h + grid_.first_h; }
  std::int64_t pixel_w() const { return j_ * grid_.step_w + grid_.first_w; }

 private:
  const WindowGrid& grid_;
  std::int64_t n_, i_, j_;
};

template <class T>
class PatchReader final : public MatrixReader<T> {
 public:
  PatchReader(const Tensor& image, const WindowGrid& grid, const ConvPrologue& prologue = {})
      : image_(image.data<T>()),
        shape_(image.shape()),
        pitch_(image.pitch()),
        grid_(grid),
        scale_(prologue.scale.defined() ? prologue.scale.data<T>() : nullptr),
        shift_(prologue.shift.defined() ? prologue.shift.data<T>() : nullptr),
        relu_(prologue.relu) {}

  void read(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, T* to,
            std::int64_t pitch) const override {
    const std::int64_t line = grid_.kernel_w * shape_.c;  // elements of one line of the window
    GridCursor cursor(grid_, row);
    for (std::int64_t r = 0; r < rows; ++r, cursor.next()) {
      T* out = to + r * pitch;
      for (std::int64_t p = column / line; p * line < column + columns; ++p) {
        const std::int64_t begin = std::max(column - p * line, std::int64_t{0});
        const std::int64_t end = std::min(column + columns - p * line, line);
        read_line(cursor.n(), cursor.pixel_h() + p, cursor.pixel_w(), begin, end, out);
        out += end - begin;
      }
    }
  }

 private:
  /// Elements [begin, end) of the window's line that begins at pixel (h, w) of image n.
  void read_line(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t begin, std::int64_t end, T* to) const {
    const std::int64_t c = shape_.c;
    if (h < 0 || h >= shape_.h) {
      std::fill(to, to + (end - begin), T(0));
      return;
    }
    const std::int64_t inside_begin = std::clamp(-w * c, begin, end);
    const std::int64_t inside_end = std::clamp((shape_.w - w) * c, inside_begin, end);
    std::fill(to, to + (inside_begin - begin), T(0));
    std::fill(to + (inside_end - begin), to + (end - begin), T(0));
    to += inside_begin - begin;
    const std::int64_t pixel = (n * shape_.h + h) * shape_.w + w;
    if (pitch_ == c && !has_prologue()) {
      std::copy_n(image_ + pixel * c + inside_begin, inside_end - inside_begin, to);
      return;
    }
    for (std::int64_t at = inside_begin; at < inside_end;) {
      const std::int64_t q = at / c, channel = at % c;
      const std::int64_t count = std::min(c - channel, inside_end - at);
      read_channels((pixel + q) * pitch_, channel, count, to);
      to += count;
      at += count;
    }
  }

  void read_channels(std::int64_t pixel_offset, std::int64_t channel, std::int64_t count, T* to) const {
    const T* from = image_ + pixel_offset + channel;
    if (!has_prologue()) {
      std::copy_n(from, count, to);
      return;
    }
    for (std::int64_t k = 0; k < count; ++k) {
      T z = from[k];
      if (scale_ != nullptr) z *= scale_[channel + k];
      if (shift_ != nullptr) z += shift_[channel + k];
      to[k] = relu_ && !(z > T(0)) ? T(0) : z;
    }
  }

  bool has_prologue() const { return relu_ || scale_ != nullptr || shift_ != nullptr; }

  const T* image_;
  Shape shape_;
  std::int64_t pitch_;
  WindowGrid grid_;
  const T* scale_;
  const T* shift_;
  bool relu_;
};

/// Writes row r of the result to the pixel at which window r of the grid begins, through a convolution's epilogue.
template <class T>
class PixelWriter final : public MatrixWriter<T> {
 public:
  /// `rows` of the result will come in blocks of rows_per_block(rows).
  PixelWriter(const Tensor& image, const WindowGrid& grid, const ConvEpilogue& epilogue, std::int64_t rows)
      : image_(image.data<T>()),
        shape_(image.shape()),
        pitch_(image.pitch()),
        grid_(grid),
        bias_(epilogue.bias.defined() ? epilogue.bias.data<T>() : nullptr),
        relu_(epilogue.relu),
        beta_(epilogue.beta),
        block_rows_(rows_per_block<T>(rows)) {
    const auto sums = static_cast<std::size_t>((rows + block_rows_ - 1) / block_rows_ * shape_.c);
    if (epilogue.sum.defined()) sum_.resize(sums);
    if (epilogue.sum_of_squares.defined()) sum_of_squares_.resize(sums);
  }

  void write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, const T* from,
             std::int64_t pitch) const override {
    const bool sums = !sum_.empty() || !sum_of_squares_.empty();
    const std::int64_t block = row / block_rows_ * shape_.c;
    GridCursor cursor(grid_, row);
    for (std::int64_t r = 0; r < rows; ++r, cursor.next()) {
      const T* result = from + r * pitch;
      T* to = image_ + ((cursor.n() * shape_.h + cursor.pixel_h()) * shape_.w + cursor.pixel_w()) * pitch_ + column;
      if (sums) add_sums(result, columns, column, block);
      write_row(result, columns, column, to);
    }
  }

  /// Adds up the blocks' sums, in order. After the product, for the epilogue's tensors.
  void finish_sums(const ConvEpilogue& epilogue) const {
    finish(sum_, epilogue.sum);
    finish(sum_of_squares_, epilogue.sum_of_squares);
  }

 private:
  T result_of(T value, std::int64_t channel) const {
    if (bias_ != nullptr) value += bias_[channel];
    return relu_ && !(value > T(0)) ? T(0) : value;
  }

  void write_row(const T* from, std::int64_t count, std::int64_t channel, T* to) const {
    if (beta_ == 0) {
      for (std::int64_t k = 0; k < count; ++k) to[k] = result_of(from[k], channel + k);
    } else {
      for (std::int64_t k = 0; k < count; ++k) to[k] = result_of(from[k], channel + k) + T(beta_) * to[k];
    }
  }

  void add_sums(const T* from, std::int64_t count, std::int64_t channel, std::int64_t block) const {
    for (std::int64_t k = 0; k < count; ++k) {
      const auto value = static_cast<double>(result_of(from[k], channel + k));
      const auto at = static_cast<std::size_t>(block + channel + k);
      if (!sum_.empty()) sum_[at] += value;
      if (!sum_of_squares_.empty()) sum_of_squares_[at] += value * value;
    }
  }

  void finish(const std::vector<double>& partial, const Tensor& out) const {
    const auto c = static_cast<std::size_t>(shape_.c);
    for (std::size_t k = 0; k < c && !partial.empty(); ++k) {
      double sum = 0;
      for (std::size_t at = k; at < partial.size(); at += c) sum += partial[at];
      out.data<T>()[k] = static_cast<T>(sum);
    }
  }

  T* image_;
  Shape shape_;
  std::int64_t pitch_;
  WindowGrid grid_;
  const T* bias_;
  bool relu_;
  float beta_;
  std::int64_t block_rows_;
  mutable std::vector<double> sum_, sum_of_squares_;  // one row of channels per block of rows: no two threads share one
};

}  // namespace nn::cpu
