// The lines of an image as windows see them: through a prologue, with the zeros of the padding, pixels side by side.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/cpu/conv/patches.h"

namespace nn::cpu {

/// Of f32. A line is read and normalised once for all windows that lie on it side by side, not once for each window.
class ImageLines {
 public:
  ImageLines(const Tensor& image, const WindowGrid& grid, const ConvPrologue& prologue)
      : image_(image), grid_(grid), relu_(prologue.relu) {
    if (prologue.scale.defined()) scale_ = prologue.scale.data<float>();
    if (prologue.shift.defined()) shift_ = prologue.shift.data<float>();
    const std::int64_t width = (grid.count_w - 1) * grid.step_w + grid.kernel_w;
    inside_ = std::clamp<std::int64_t>(-grid.first_w, 0, width);
    outside_ = std::clamp(image.w() - grid.first_w, inside_, width);
    pitch_ = width * image.c();
  }

  /// Elements from a line to the next.
  std::int64_t pitch() const { return pitch_; }
  /// From a window to the next.
  std::int64_t step() const { return grid_.step_w * image_.c(); }
  /// Of a window that lie side by side.
  std::int64_t run() const { return grid_.kernel_w * image_.c(); }

  /// Line h of image n, which may lie outside, as far as windows see it.
  void read(std::int64_t n, std::int64_t h, float* to) const {
    const std::int64_t c = image_.c();
    if (h < 0 || h >= image_.h()) return static_cast<void>(std::fill_n(to, pitch_, 0.0F));
    std::fill_n(to, inside_ * c, 0.0F);
    std::fill_n(to + outside_ * c, pitch_ - outside_ * c, 0.0F);
    const std::int64_t pixels = outside_ - inside_;
    const bool one_row = image_.pitch() == c && scale_ == nullptr && shift_ == nullptr;
    const float* from = image_.row<float>((n * image_.h() + h) * image_.w() + grid_.first_w + inside_);
    transform_rows<float>({.from = from,
                           .from_pitch = image_.pitch(),
                           .to = to + inside_ * c,
                           .to_pitch = c,
                           .rows = one_row ? 1 : pixels,
                           .columns = one_row ? pixels * c : c,
                           .scale = scale_,
                           .shift = shift_,
                           .relu = relu_});
  }

 private:
  Tensor image_;
  WindowGrid grid_;
  const float *scale_ = nullptr, *shift_ = nullptr;
  bool relu_;
  std::int64_t inside_, outside_;  // pixels of a padded line that lie in the image
  std::int64_t pitch_;
};

}  // namespace nn::cpu
