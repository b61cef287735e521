// Row transforms in Google Highway, compiled once per instruction set; double precision in plain loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/prefetch.h"
#include "nn/cpu/rows.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;

/// How many rows ahead memory is asked for: a panel's. Reading 128 of 256 channels then runs at 25 GB/s a thread
/// instead of 9, 224 of 256 at 36 instead of 29 (AMD Zen 5).
constexpr std::int64_t rows_ahead = 14;

void copy_rows(const RowTransform<float>& t) {
  const Lanes d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = t.columns / lanes * lanes;
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(t.columns - whole));
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const float* from = t.from + r * t.from_pitch;
    float* to = t.to + r * t.to_pitch;
    for (std::int64_t k = 0; k < whole; k += lanes) {
      prefetch_ahead(from + k, rows_ahead * t.from_pitch);
      hn::StoreU(hn::LoadU(d, from + k), d, to + k);
    }
    if (whole < t.columns) hn::BlendedStore(hn::MaskedLoad(rest, d, from + whole), rest, d, to + whole);
  }
}

/// The whole formula for one vector, given how to load.
template <class Vector, class Load>
HWY_INLINE Vector transformed(const RowTransform<float>& t, Vector value, std::int64_t column, const float* to,
                              const Load& load) {
  const Lanes d;
  if (t.scale != nullptr && t.shift != nullptr) {
    value = hn::MulAdd(value, load(t.scale + column), load(t.shift + column));
  } else if (t.scale != nullptr) {
    value = hn::Mul(value, load(t.scale + column));
  } else if (t.shift != nullptr) {
    value = hn::Add(value, load(t.shift + column));
  }
  if (t.relu) value = hn::IfThenZeroElse(hn::Lt(value, hn::Zero(d)), value);  // a NaN goes through
  if (t.beta != 0) value = hn::MulAdd(hn::Set(d, t.beta), load(to), value);
  return value;
}

}  // namespace

void transform_rows(const RowTransform<float>& t) {
  if (t.scale == nullptr && t.shift == nullptr && !t.relu && t.beta == 0) return copy_rows(t);
  const Lanes d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = t.columns / lanes * lanes;
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(t.columns - whole));
  const auto load = [&](const float* p) HWY_ATTR { return hn::LoadU(d, p); };
  const auto load_rest = [&](const float* p) HWY_ATTR { return hn::MaskedLoad(rest, d, p); };
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const float* from = t.from + r * t.from_pitch;
    float* to = t.to + r * t.to_pitch;
    for (std::int64_t k = 0; k < whole; k += lanes) {
      prefetch_ahead(from + k, rows_ahead * t.from_pitch);
      hn::StoreU(transformed(t, load(from + k), k, to + k, load), d, to + k);
    }
    if (whole < t.columns) {
      const auto value = transformed(t, load_rest(from + whole), whole, to + whole, load_rest);
      hn::BlendedStore(value, rest, d, to + whole);
    }
  }
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(transform_rows);

template <>
void transform_rows(const RowTransform<float>& transform) {
  HWY_DYNAMIC_DISPATCH(transform_rows)(transform);
}

template <>
void transform_rows(const RowTransform<double>& t) {
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const double* from = t.from + r * t.from_pitch;
    double* to = t.to + r * t.to_pitch;
    for (std::int64_t k = 0; k < t.columns; ++k) {
      double value = from[k];
      if (t.scale != nullptr) value *= t.scale[k];
      if (t.shift != nullptr) value += t.shift[k];
      if (t.relu && value < 0) value = 0;
      to[k] = t.beta == 0 ? value : value + t.beta * to[k];
    }
  }
}

}  // namespace nn::cpu
#endif
