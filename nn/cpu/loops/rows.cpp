// Row transforms in Google Highway, compiled once per instruction set; double precision in plain loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/loops/rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/loops/prefetch.h"
#include "nn/cpu/loops/rows.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, 16>;

/// How many rows ahead memory is asked for: a panel's. Reading 128 of 256 channels then runs at 25 GB/s a thread
/// instead of 9, 224 of 256 at 36 instead of 29 (AMD Zen 5).
constexpr std::int64_t rows_ahead = 14;

/// How elements of a row are read and written: a whole vector,
template <class D>
struct WholeVector {
  D d;
  HWY_INLINE hn::Vec<D> load(const float* from) const { return hn::LoadU(d, from); }
  HWY_INLINE void store(hn::Vec<D> value, float* to) const { hn::StoreU(value, d, to); }
};
/// or its first elements.
template <class D>
struct FirstElements {
  D d;
  hn::Mask<D> mask;
  HWY_INLINE hn::Vec<D> load(const float* from) const { return hn::MaskedLoad(mask, d, from); }
  HWY_INLINE void store(hn::Vec<D> value, float* to) const { hn::BlendedStore(value, mask, d, to); }
};

/// One vector of a row. kCopy: nothing but a copy.
template <bool kCopy, class Elements>
HWY_INLINE void transform_vector(const Elements& elements, const RowTransform<float>& t, const float* from, float* to,
                                 std::int64_t column) {
  auto value = elements.load(from + column);
  if constexpr (!kCopy) {
    if (t.scale != nullptr && t.shift != nullptr) {
      value = hn::MulAdd(value, elements.load(t.scale + column), elements.load(t.shift + column));
    } else if (t.scale != nullptr) {
      value = hn::Mul(value, elements.load(t.scale + column));
    } else if (t.shift != nullptr) {
      value = hn::Add(value, elements.load(t.shift + column));
    }
    if (t.relu) value = hn::IfThenZeroElse(hn::Lt(value, hn::Zero(elements.d)), value);  // a NaN goes through
    if (t.beta != 0) value = hn::MulAdd(hn::Set(elements.d, t.beta), elements.load(to + column), value);
  }
  elements.store(value, to + column);
}

/// What whole vectors leave of a row. Before AVX2 a masked load reads what lies behind the row, too: there by elements.
template <bool kCopy>
HWY_INLINE void transform_rest(const RowTransform<float>& t, const float* from, float* to, std::int64_t column) {
#if HWY_TARGET <= HWY_AVX2
  const Lanes d;
  const FirstElements<Lanes> rest{d, hn::FirstN(d, static_cast<std::size_t>(t.columns - column))};
  transform_vector<kCopy>(rest, t, from, to, column);
#else
  const WholeVector<hn::CappedTag<float, 1>> element{};
  for (; column < t.columns; ++column) transform_vector<kCopy>(element, t, from, to, column);
#endif
}

template <bool kCopy>
void transform_each_row(const RowTransform<float>& t) {
  const WholeVector<Lanes> vector{};
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector.d));
  const std::int64_t whole = t.columns / lanes * lanes;
  for (std::int64_t r = 0; r < t.rows; ++r) {
    const float* from = t.from + r * t.from_pitch;
    float* to = t.to + r * t.to_pitch;
    for (std::int64_t k = 0; k < whole; k += lanes) {
      prefetch_ahead(from + k, rows_ahead * t.from_pitch);
      transform_vector<kCopy>(vector, t, from, to, k);
    }
    if (whole < t.columns) transform_rest<kCopy>(t, from, to, whole);
  }
}

}  // namespace

void transform_rows(const RowTransform<float>& t) {
  const bool copy = t.scale == nullptr && t.shift == nullptr && !t.relu && t.beta == 0;
  copy ? transform_each_row<true>(t) : transform_each_row<false>(t);
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
