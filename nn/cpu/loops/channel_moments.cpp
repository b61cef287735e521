// The sums in Google Highway, compiled once per instruction set; double precision in plain loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/loops/channel_moments.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "nn/cpu/loops/channel_moments.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;

struct Sums {
  Vector d, squares;

  HWY_INLINE void add(Vector value, Vector centre) {
    value = hn::Sub(value, centre);
    d = hn::Add(d, value);
    squares = hn::MulAdd(value, value, squares);
  }
};

}  // namespace

/// The same as sum_about below in vectors, for the columns that fill them. Returns how many these are.
std::int64_t sum_whole_vectors(const float* x, std::int64_t pitch, std::int64_t rows, std::int64_t columns,
                               const float* centre, float* sum, float* squares) {
  const Lanes d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const Sums zero{hn::Zero(d), hn::Zero(d)};
  std::int64_t k = 0;
  for (; k + 4 * lanes <= columns; k += 4 * lanes) {  // four independent sums hide the latency of an addition
    const Vector c0 = hn::LoadU(d, centre + k), c1 = hn::LoadU(d, centre + k + lanes);
    const Vector c2 = hn::LoadU(d, centre + k + 2 * lanes), c3 = hn::LoadU(d, centre + k + 3 * lanes);
    Sums s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    const float* row = x + k;
    for (std::int64_t r = 0; r < rows; ++r, row += pitch) {
      s0.add(hn::LoadU(d, row), c0);
      s1.add(hn::LoadU(d, row + lanes), c1);
      s2.add(hn::LoadU(d, row + 2 * lanes), c2);
      s3.add(hn::LoadU(d, row + 3 * lanes), c3);
    }
    std::int64_t at = k;
    for (const Sums& s : {s0, s1, s2, s3}) {
      hn::StoreU(s.d, d, sum + at);
      hn::StoreU(s.squares, d, squares + at);
      at += lanes;
    }
  }
  for (; k + lanes <= columns; k += lanes) {
    const Vector c = hn::LoadU(d, centre + k);
    Sums even = zero, odd = zero;
    const float* row = x + k;
    std::int64_t r = 0;
    for (; r + 2 <= rows; r += 2, row += 2 * pitch) {
      even.add(hn::LoadU(d, row), c);
      odd.add(hn::LoadU(d, row + pitch), c);
    }
    if (r < rows) even.add(hn::LoadU(d, row), c);
    hn::StoreU(hn::Add(even.d, odd.d), d, sum + k);
    hn::StoreU(hn::Add(even.squares, odd.squares), d, squares + k);
  }
  return k;
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {
namespace {

HWY_EXPORT(sum_whole_vectors);

/// sum_k = sum over rows of x_rk - centre_k, squares_k of its square.
template <class T>
void sum_about(const T* x, std::int64_t pitch, std::int64_t rows, std::int64_t columns, const T* centre, T* sum,
               T* squares) {
  std::int64_t done = 0;
  if constexpr (std::is_same_v<T, float>) {
    done = HWY_DYNAMIC_DISPATCH(sum_whole_vectors)(x, pitch, rows, columns, centre, sum, squares);
  }
  std::fill(sum + done, sum + columns, T(0));
  std::fill(squares + done, squares + columns, T(0));
  for (std::int64_t r = 0; r < rows; ++r, x += pitch) {
    for (std::int64_t k = done; k < columns; ++k) {
      const T d = x[k] - centre[k];
      sum[k] += d;
      squares[k] += d * d;
    }
  }
}

}  // namespace

ChannelMoments::ChannelMoments(std::int64_t pieces, std::int64_t channels)
    : pieces_(pieces),
      channels_(channels),
      rows_(static_cast<std::size_t>(pieces)),
      moments_(Tensor::empty({pieces, 1, 1, 2 * channels}, DType::f64)) {}

void ChannelMoments::set(std::int64_t piece, std::int64_t column, std::int64_t rows, const std::vector<double>& mean,
                         const std::vector<double>& squares) {
  if (column == 0) rows_[static_cast<std::size_t>(piece)] = static_cast<double>(rows);
  std::copy(mean.begin(), mean.end(), of_piece(piece) + column);
  std::copy(squares.begin(), squares.end(), of_piece(piece) + channels_ + column);
}

void ChannelMoments::write(const Tensor& mean, const Tensor& variance) const {
  std::vector<double> all_means(of_piece(0), of_piece(0) + channels_);
  std::vector<double> all_squares(of_piece(0) + channels_, of_piece(1));
  double* const means = all_means.data();
  double* const squares = all_squares.data();
  double rows = rows_[0];
  for (std::int64_t piece = 1; piece < pieces_; ++piece) {
    const double more = rows_[static_cast<std::size_t>(piece)], together = rows + more;
    const double share = more / together, weight = rows * more / together;
    const double *more_means = of_piece(piece), *more_squares = more_means + channels_;
    for (std::int64_t k = 0; k < channels_; ++k) {
      const double delta = more_means[k] - means[k];
      means[k] += delta * share;
      squares[k] += more_squares[k] + delta * delta * weight;
    }
    rows = together;
  }
  const auto write_as = [&]<class T>(T* to_mean, T* to_variance) {
    for (std::int64_t k = 0; k < channels_; ++k) {
      to_mean[k] = static_cast<T>(means[k]);
      to_variance[k] = static_cast<T>(squares[k] / rows);
    }
  };
  if (mean.dtype() == DType::f32) {
    write_as(mean.data<float>(), variance.data<float>());
  } else {
    write_as(mean.data<double>(), variance.data<double>());
  }
}

template <class T>
PieceMoments<T>::PieceMoments(std::int64_t columns)
    : centre_(static_cast<std::size_t>(columns)),
      block_sum_(centre_.size()),
      block_squares_(centre_.size()),
      sum_(centre_.size()),
      squares_(centre_.size()) {}

/// The mean of the first rows of a piece, at most eight. A piece of n rows then loses at most a factor of n / 8 in
/// precision, where one outlier lies among the first eight, and as a rule an eighth.
template <class T>
void PieceMoments<T>::choose_centre(const T* first, std::int64_t pitch, std::int64_t rows) {
  constexpr std::int64_t enough = 8;
  const std::int64_t count = std::min(rows, enough);
  for (std::int64_t r = 0; r < count; ++r, first += pitch) {
    for (std::size_t k = 0; k < centre_.size(); ++k) centre_[k] += first[k];
  }
  for (T& value : centre_) value /= static_cast<T>(count);
}

template <class T>
void PieceMoments<T>::add(const T* first, std::int64_t pitch, std::int64_t rows) {
  constexpr std::int64_t block = 128;  // rows that are added up in T: few enough for f32
  if (rows_ == 0) choose_centre(first, pitch, rows);
  for (std::int64_t r = 0; r < rows; r += block) {
    sum_about(first + r * pitch, pitch, std::min(block, rows - r), static_cast<std::int64_t>(centre_.size()),
              centre_.data(), block_sum_.data(), block_squares_.data());
    for (std::size_t k = 0; k < centre_.size(); ++k) {
      sum_[k] += static_cast<double>(block_sum_[k]);
      squares_[k] += static_cast<double>(block_squares_[k]);
    }
  }
  rows_ += rows;
}

template <class T>
void PieceMoments<T>::store(ChannelMoments& moments, std::int64_t piece, std::int64_t column) const {
  std::vector<double> mean(sum_.size()), squares(sum_.size());
  for (std::size_t k = 0; k < sum_.size(); ++k) {
    const double shift = sum_[k] / static_cast<double>(rows_);
    mean[k] = static_cast<double>(centre_[k]) + shift;
    squares[k] = std::max(squares_[k] - shift * sum_[k], 0.0);  // in this order, a NaN stays
  }
  moments.set(piece, column, rows_, mean, squares);
}

template class PieceMoments<float>;
template class PieceMoments<double>;

}  // namespace nn::cpu
#endif
