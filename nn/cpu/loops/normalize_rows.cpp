// The way back through a normalisation in Google Highway, compiled once per instruction set; double precision in plain
// loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/loops/normalize_rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <algorithm>

#include "nn/cpu/loops/normalize_rows.h"
#include "nn/cpu/loops/prefetch.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Rows that are taken together, so that the sums stay in registers for as long; and how many rows ahead memory is
/// asked for x and dx. With 128 of 256 channels 25 GB/s a thread come instead of 14, with 512 of 512 45 instead of 18
/// (AMD Zen 5).
constexpr int rows_at_once = 4;
constexpr std::int64_t rows_ahead = 8;

enum class Write { nothing, overwrite, add };

/// One vector of columns of kRows rows, the first of them `row`.
template <Write kWrite, bool kRelu, int kRows, class D>
HWY_INLINE void back_column(D d, const NormalizedRows<float>& t, std::int64_t row, std::int64_t column) {
  const auto mean = hn::LoadU(d, t.mean + column), scale = hn::LoadU(d, t.scale + column);
  const auto shift = hn::LoadU(d, t.shift + column), zero = hn::Zero(d);
  const float* from = t.x + row * t.x_pitch + column;
  const float* gradient = t.dz + row * t.dz_pitch + column;
  float* to = kWrite == Write::nothing ? nullptr : t.dx + row * t.dx_pitch + column;
  auto sum = zero, product = zero;
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r, from += t.x_pitch, gradient += t.dz_pitch) {
    prefetch_ahead(from, rows_ahead * t.x_pitch);
    const auto x = hn::LoadU(d, from);
    auto dz = hn::LoadU(d, gradient);
    if constexpr (kRelu) dz = hn::IfThenZeroElse(hn::Le(hn::MulAdd(x, scale, shift), zero), dz);
    sum = hn::Add(sum, dz);
    product = hn::MulAdd(dz, hn::Sub(x, mean), product);
    if constexpr (kWrite != Write::nothing) {
      prefetch_ahead(to, rows_ahead * t.dx_pitch);
      auto dx = hn::Mul(scale, dz);
      if constexpr (kWrite == Write::add) dx = hn::MulAdd(hn::Set(d, t.beta), hn::LoadU(d, to), dx);
      hn::StoreU(dx, d, to);
      to += t.dx_pitch;
    }
  }
  hn::StoreU(hn::Add(hn::LoadU(d, t.sum + column), sum), d, t.sum + column);
  hn::StoreU(hn::Add(hn::LoadU(d, t.product + column), product), d, t.product + column);
}

template <Write kWrite, bool kRelu, int kRows>
HWY_INLINE void back_some_rows(const NormalizedRows<float>& given, std::int64_t row) {
  const NormalizedRows<float> t = given;  // of this function: the compiler knows that no store changes it
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = t.columns / lanes * lanes;
  for (std::int64_t column = 0; column < whole; column += lanes) back_column<kWrite, kRelu, kRows>(d, t, row, column);
  for (std::int64_t k = whole; k < t.columns; ++k) back_column<kWrite, kRelu, kRows>(one, t, row, k);
}

template <Write kWrite, bool kRelu>
void back_rows(const NormalizedRows<float>& t) {
  std::int64_t row = 0;
  for (; row + rows_at_once <= t.rows; row += rows_at_once) back_some_rows<kWrite, kRelu, rows_at_once>(t, row);
  for (; row < t.rows; ++row) back_some_rows<kWrite, kRelu, 1>(t, row);
}

template <Write kWrite>
void back_rows(const NormalizedRows<float>& t) {
  t.relu ? back_rows<kWrite, true>(t) : back_rows<kWrite, false>(t);
}

}  // namespace

void normalize_rows_backward(const NormalizedRows<float>& t) {
  if (t.dx == nullptr) return back_rows<Write::nothing>(t);
  return t.beta == 0 ? back_rows<Write::overwrite>(t) : back_rows<Write::add>(t);
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(normalize_rows_backward);

template <>
void normalize_rows_backward(const NormalizedRows<float>& rows) {
  HWY_DYNAMIC_DISPATCH(normalize_rows_backward)(rows);
}

template <>
void normalize_rows_backward(const NormalizedRows<double>& t) {
  for (std::int64_t r = 0; r < t.rows; ++r) {
    for (std::int64_t k = 0; k < t.columns; ++k) {
      const double x = t.x[r * t.x_pitch + k];
      const bool cut_off = t.relu && x * t.scale[k] + t.shift[k] <= 0;
      const double dz = cut_off ? 0 : t.dz[r * t.dz_pitch + k];
      t.sum[k] += dz;
      t.product[k] += dz * (x - t.mean[k]);
      if (t.dx == nullptr) continue;
      double& dx = t.dx[r * t.dx_pitch + k];
      dx = t.scale[k] * dz + (t.beta == 0 ? 0 : t.beta * dx);
    }
  }
}

}  // namespace nn::cpu
#endif
