// Row transforms in Google Highway, compiled once per instruction set; double precision in plain loops.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/loops/rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <limits>

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

/// What is done to an element on its way.
enum class Operation { copy, transform, add };  // add: beta is not zero

/// Vectors of kRows rows, and the addresses that change from row to row.
template <int kRows>
struct Rows {
  const float* from;
  std::int64_t from_pitch;
  float* to;
  std::int64_t to_pitch;
};

/// One vector of each row, from `column` on. Scale and shift are read once for all of them.
template <Operation kOperation, int kRows, class Elements>
HWY_INLINE void transform_vectors(const Elements& elements, const RowTransform<float>& t, const Rows<kRows>& rows,
                                  std::int64_t column) {
  const auto d = elements.d;
  const auto scale = t.scale == nullptr ? hn::Set(d, 1.0F) : elements.load(t.scale + column);
  const auto shift = t.shift == nullptr ? hn::Zero(d) : elements.load(t.shift + column);
  const auto least = hn::Set(d, t.relu ? 0.0F : -std::numeric_limits<float>::infinity());
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    auto value = elements.load(rows.from + r * rows.from_pitch + column);
    float* to = rows.to + r * rows.to_pitch + column;
    if constexpr (kOperation != Operation::copy) {
      value = hn::MulAdd(value, scale, shift);
      value = hn::IfThenZeroElse(hn::Lt(value, least), value);  // a NaN goes through
      if constexpr (kOperation == Operation::add) {
        value = hn::MulAdd(hn::Set(d, t.beta), elements.load(to), value);
      }
    }
    elements.store(value, to);
  }
}

/// What whole vectors leave of a row. Before AVX2 a masked load reads what lies behind the row, too: there by elements.
template <Operation kOperation, int kRows>
void transform_rest(const RowTransform<float>& t, const Rows<kRows>& rows, std::int64_t column) {
#if HWY_TARGET <= HWY_AVX2
  const Lanes d;
  const FirstElements<Lanes> rest{d, hn::FirstN(d, static_cast<std::size_t>(t.columns - column))};
  transform_vectors<kOperation>(rest, t, rows, column);
#else
  const WholeVector<hn::CappedTag<float, 1>> element{};
  for (; column < t.columns; ++column) transform_vectors<kOperation>(element, t, rows, column);
#endif
}

template <Operation kOperation, int kRows>
HWY_INLINE void transform_some_rows(const RowTransform<float>& given, std::int64_t row) {
  const RowTransform<float> t = given;  // of this function: what is stored cannot change it
  const Rows<kRows> rows{t.from + row * t.from_pitch, t.from_pitch, t.to + row * t.to_pitch, t.to_pitch};
  const WholeVector<Lanes> vector{};
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector.d));
  const std::int64_t whole = t.columns / lanes * lanes;
  for (std::int64_t k = 0; k < whole; k += lanes) {
    if (k % 16 == 0) {  // once a cache line
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) prefetch_ahead(rows.from + r * t.from_pitch + k, rows_ahead * t.from_pitch);
    }
    transform_vectors<kOperation>(vector, t, rows, k);
  }
  if (whole < t.columns) transform_rest<kOperation>(t, rows, whole);
}

template <Operation kOperation>
void transform_each_row(const RowTransform<float>& t) {
  constexpr int at_once = 4;
  std::int64_t row = 0;
  for (; row + at_once <= t.rows; row += at_once) transform_some_rows<kOperation, at_once>(t, row);
  for (; row < t.rows; ++row) transform_some_rows<kOperation, 1>(t, row);
}

}  // namespace

void transform_rows(const RowTransform<float>& t) {
  const bool copy = t.scale == nullptr && t.shift == nullptr && !t.relu && t.beta == 0;
  if (copy) {
    transform_each_row<Operation::copy>(t);
  } else if (t.beta == 0) {
    transform_each_row<Operation::transform>(t);
  } else {
    transform_each_row<Operation::add>(t);
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
