// The way back through mean and variance in Google Highway, compiled once per instruction set; double precision in
// plain loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/loops/statistics_rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/loops/prefetch.h"
#include "nn/cpu/loops/statistics_rows.h"
#include "nn/functors/batch_norm.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// How many bytes ahead memory is asked for, in whole rows: short rows of wide maps come one piece a page.
constexpr std::int64_t bytes_ahead = 2048;

template <bool kAdd, class D>
HWY_INLINE void back_vector(D d, const StatisticsRows<float>& t, const float* x, float* dx, std::int64_t column) {
  const auto distance = hn::Sub(hn::LoadU(d, x + column), hn::LoadU(d, t.mean + column));
  auto value = hn::MulAdd(hn::LoadU(d, t.slope + column), distance, hn::LoadU(d, t.constant + column));
  if constexpr (kAdd) value = hn::MulAdd(hn::Set(d, t.beta), hn::LoadU(d, dx + column), value);
  hn::StoreU(value, d, dx + column);
}

template <bool kAdd>
void back_rows(const StatisticsRows<float>& t) {
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = t.columns / lanes * lanes;
  const std::int64_t row_bytes = t.columns * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t rows_ahead = (bytes_ahead + row_bytes - 1) / row_bytes;
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const float* x = t.x + r * t.x_pitch;
    float* dx = t.dx + r * t.dx_pitch;
    for (std::int64_t column = 0; column < whole; column += lanes) {
      prefetch_ahead(x + column, rows_ahead * t.x_pitch);
      prefetch_ahead(dx + column, rows_ahead * t.dx_pitch);
      back_vector<kAdd>(d, t, x, dx, column);
    }
    for (std::int64_t column = whole; column < t.columns; ++column) back_vector<kAdd>(one, t, x, dx, column);
  }
}

}  // namespace

void statistics_rows_backward(const StatisticsRows<float>& t) {
  t.beta == 0 ? back_rows<false>(t) : back_rows<true>(t);
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(statistics_rows_backward);

template <>
void statistics_rows_backward(const StatisticsRows<float>& rows) {
  HWY_DYNAMIC_DISPATCH(statistics_rows_backward)(rows);
}

template <>
void statistics_rows_backward(const StatisticsRows<double>& t) {
  const functors::StatisticsBackward share;
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const double* x = t.x + r * t.x_pitch;
    double* dx = t.dx + r * t.dx_pitch;
    for (std::int64_t k = 0; k < t.columns; ++k) {
      const double value = share(x[k], t.mean[k], t.constant[k], t.slope[k]);
      dx[k] = t.beta == 0 ? value : value + t.beta * dx[k];
    }
  }
}

}  // namespace nn::cpu
#endif
