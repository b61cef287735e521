// Compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/loops/max_rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <limits>

#include "nn/cpu/loops/max_rows.h"
#include "nn/cpu/loops/prefetch.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// How many pixels ahead memory is asked for.
constexpr std::int64_t pixels_ahead = 8;

/// One vector of channels, in registers from the first row to the last.
template <class D>
HWY_INLINE void max_of(D d, const WindowRows& rows, const float* x, std::int64_t x_pitch, float* best,
                       std::uint8_t* from) {
  const hn::Rebind<std::int32_t, D> wide;
  const hn::Rebind<std::uint8_t, D> narrow;
  auto largest = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto origin = hn::Zero(wide);
  for (std::int64_t i = 0; i < rows.lines; ++i) {
    const float* pixel = x + i * rows.line_rows * x_pitch;
    auto position = static_cast<std::int32_t>(rows.position + i * rows.line_position);
    for (std::int64_t j = 0; j < rows.columns; ++j, pixel += x_pitch) {
      const auto value = hn::LoadU(d, pixel);
      prefetch_ahead(pixel, pixels_ahead * x_pitch);
      const auto larger = hn::Or(hn::Gt(value, largest), hn::IsNaN(value));
      largest = hn::IfThenElse(larger, value, largest);
      origin = hn::IfThenElse(hn::RebindMask(wide, larger), hn::Set(wide, position), origin);
      position += static_cast<std::int32_t>(rows.column_position);
    }
  }
  hn::StoreU(largest, d, best);
  if (from != nullptr) hn::StoreU(hn::DemoteTo(narrow, origin), narrow, from);
}

template <class D>
HWY_INLINE void sum_of(D d, const WindowRows& windows, const float* dy, std::int64_t dy_pitch, const std::uint8_t* from,
                       std::int64_t from_pitch, float beta, float* dx) {
  const hn::Rebind<std::int32_t, D> wide;
  const hn::Rebind<std::uint8_t, D> narrow;
  auto sum = beta == 0 ? hn::Zero(d) : hn::Mul(hn::Set(d, beta), hn::LoadU(d, dx));
  for (std::int64_t i = 0; i < windows.lines; ++i) {
    auto position = static_cast<std::int32_t>(windows.position + i * windows.line_position);
    for (std::int64_t j = 0; j < windows.columns; ++j) {
      const std::int64_t row = i * windows.line_rows + j;
      const auto origin = hn::PromoteTo(wide, hn::LoadU(narrow, from + row * from_pitch));
      const auto here = hn::RebindMask(d, hn::Eq(origin, hn::Set(wide, position)));
      sum = hn::Add(sum, hn::IfThenElseZero(here, hn::LoadU(d, dy + row * dy_pitch)));
      position += static_cast<std::int32_t>(windows.column_position);
    }
  }
  hn::StoreU(sum, d, dx);
}

const hn::CappedTag<float, 16> vector;
const hn::CappedTag<float, 1> single;

}  // namespace

void max_of_rows(const WindowRows& rows, std::int64_t c, const float* x, std::int64_t x_pitch, float* best,
                 std::uint8_t* from) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector));
  const auto at = [&](std::int64_t k) { return from == nullptr ? nullptr : from + k; };
  std::int64_t k = 0;
  for (; k + lanes <= c; k += lanes) max_of(vector, rows, x + k, x_pitch, best + k, at(k));
  for (; k < c; ++k) max_of(single, rows, x + k, x_pitch, best + k, at(k));
}

void sum_where_largest(const WindowRows& windows, std::int64_t c, const float* dy, std::int64_t dy_pitch,
                       const std::uint8_t* from, std::int64_t from_pitch, float beta, float* dx) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector));
  std::int64_t k = 0;
  for (; k + lanes <= c; k += lanes) sum_of(vector, windows, dy + k, dy_pitch, from + k, from_pitch, beta, dx + k);
  for (; k < c; ++k) sum_of(single, windows, dy + k, dy_pitch, from + k, from_pitch, beta, dx + k);
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(max_of_rows);
HWY_EXPORT(sum_where_largest);

template <>
void max_of_rows(const WindowRows& rows, std::int64_t c, const float* x, std::int64_t x_pitch, float* best,
                 std::uint8_t* from) {
  HWY_DYNAMIC_DISPATCH(max_of_rows)(rows, c, x, x_pitch, best, from);
}

template <>
void sum_where_largest(const WindowRows& windows, std::int64_t c, const float* dy, std::int64_t dy_pitch,
                       const std::uint8_t* from, std::int64_t from_pitch, float beta, float* dx) {
  HWY_DYNAMIC_DISPATCH(sum_where_largest)(windows, c, dy, dy_pitch, from, from_pitch, beta, dx);
}

}  // namespace nn::cpu
#endif
