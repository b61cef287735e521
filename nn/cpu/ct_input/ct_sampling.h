// Bilinear sampling of a picture of four-channel pixels through an affine map, for nn/cpu/ct_input/ct_input.cpp: the
// picture in f32 or f64, the sampling in f64 (ct_turned.h has that in f32).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "nn/cpu/ct_input/ct_lanes.h"
#include "nn/functors/ct_input.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// The source with its ring: rows and columns -1 to h and -1 to w, and one more of each, which a point on the ring
/// reads with share 0.
template <class T>
class RingedPlane {
 public:
  RingedPlane(std::int64_t h, std::int64_t w)
      : h_(h), w_(w), memory_(Tensor::empty({1, h + 3, w + 3, lanes}, dtype_of<T>)) {}

  std::int64_t h() const { return h_; }
  std::int64_t w() const { return w_; }
  std::int64_t pitch() const { return w_ + 3; }
  Pixel<T>* row(std::int64_t y) const { return reinterpret_cast<Pixel<T>*>(memory_.data<T>()) + (y + 1) * pitch() + 1; }

  void ring(const Pixel<T>& air) const {
    for (const std::int64_t y : {std::int64_t{-1}, h_, h_ + 1}) std::fill_n(row(y) - 1, pitch(), air);
    for (std::int64_t y = 0; y < h_; ++y) row(y)[-1] = row(y)[w_] = row(y)[w_ + 1] = air;
  }

 private:
  std::int64_t h_, w_;
  Tensor memory_;  // of the pool: 4 MiB an image, which would be new pages every time
};

/// Where the samples of one column offset lie along the source's rows, if that is the same in every output row.
struct ColumnPoints {
  std::vector<std::int32_t> before;
  std::vector<double> share;
};

/// Each output pixel as the sum of its samples; see functors::samples_per_pixel.
class MeanSampler {
 public:
  /// `plane` must outlive it, and may change between calls of sum_row.
  MeanSampler(const RingedPlane<double>& plane, const functors::AffineMap& map, std::int64_t columns)
      : plane_(plane),
        map_(map),
        across_(functors::samples_per_pixel(map.column_step())),
        down_(functors::samples_per_pixel(map.row_step())),
        upright_(map.m[1] == 0 && map.m[3] == 0) {
    for (int a = 0; upright_ && a < across_; ++a) columns_.push_back(column_points(offset(a), columns));
  }

  /// Samples per output pixel: what the sum is to be divided by.
  int samples() const { return across_ * down_; }

  /// sums[j] = the sum over the samples of output pixel (j, row), for all columns.
  void sum_row(std::int64_t row, std::vector<Pixel<double>>& sums) const {
    std::fill(sums.begin(), sums.end(), Pixel<double>{});
    for (int b = 0; b < down_; ++b) {
      const double y = static_cast<double>(row) + functors::sample_offset(b, down_);
      for (int a = 0; a < across_; ++a) {
        if (upright_) {
          add_upright(columns_[static_cast<std::size_t>(a)], y, sums);
        } else {
          add_general(offset(a), y, sums);
        }
      }
    }
  }

 private:
  double offset(int a) const { return functors::sample_offset(a, across_); }

  ColumnPoints column_points(double column_offset, std::int64_t columns) const {
    ColumnPoints points;
    for (std::int64_t j = 0; j < columns; ++j) {
      const functors::SamplePoint x(map_.x(static_cast<double>(j) + column_offset, 0), static_cast<int>(plane_.w()));
      points.before.push_back(x.before);
      points.share.push_back(x.share);
    }
    return points;
  }

  /// Adds the sample at output column j + column_offset and output row `row`, for all columns.
  void add_general(double column_offset, double row, std::vector<Pixel<double>>& sums) const {
    const int h = static_cast<int>(plane_.h()), w = static_cast<int>(plane_.w());
    for (std::size_t j = 0; j < sums.size(); ++j) {
      const double column = static_cast<double>(j) + column_offset;
      const functors::SamplePoint x(map_.x(column, row), w), y(map_.y(column, row), h);
      const Pixel<double>* above = plane_.row(y.before) + x.before;
      add_sample(above, above + plane_.pitch(), x.share, y.share, sums[j]);
    }
  }

  /// The same where the map neither turns nor shears: the same bits in half the time.
  void add_upright(const ColumnPoints& points, double row, std::vector<Pixel<double>>& sums) const {
    const functors::SamplePoint y(map_.y(0, row), static_cast<int>(plane_.h()));
    const Pixel<double>*above = plane_.row(y.before), *below = above + plane_.pitch();
    for (std::size_t j = 0; j < sums.size(); ++j) {
      const std::int64_t x = points.before[j];
      add_sample(above + x, below + x, points.share[j], y.share, sums[j]);
    }
  }

  static void add_sample(const Pixel<double>* above, const Pixel<double>* below, double share_x, double share_y,
                         Pixel<double>& sum) {
    for (int l = 0; l < lanes; ++l) {
      const double top = functors::interpolate(above[0].lane[l], above[1].lane[l], share_x);
      const double bottom = functors::interpolate(below[0].lane[l], below[1].lane[l], share_x);
      sum.lane[l] += functors::interpolate(top, bottom, share_y);
    }
  }

  const RingedPlane<double>& plane_;
  functors::AffineMap map_;
  int across_, down_;
  bool upright_;
  std::vector<ColumnPoints> columns_;
};

}  // namespace nn::cpu
