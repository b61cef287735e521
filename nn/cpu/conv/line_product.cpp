// Compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/conv/line_product.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <algorithm>

#include "nn/cpu/conv/line_product.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;

// As many sums as fit the registers, as in gemm_simd.cpp.
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int most_rows = 14;
#else
constexpr int most_rows = 6;
#endif

/// Where rows of A begin, every third: the two rows behind are at one and two steps from it, which a processor adds as
/// it loads. 14 pointers would not fit the registers.
template <int kRows>
struct RowPointers {
  static constexpr int count = (kRows + 2) / 3;
  const float* first[count];
  std::int64_t step;

  HWY_INLINE RowPointers(const float* a, std::int64_t row_step) : step(row_step) {
#pragma GCC unroll 5
    for (int k = 0; k < count; ++k) first[k] = a + 3 * k * row_step;
  }
  HWY_INLINE float element(int i) const { return first[i / 3][i % 3 * step]; }
  HWY_INLINE void advance(std::int64_t by) {
#pragma GCC unroll 5
    for (int k = 0; k < count; ++k) first[k] += by;
  }
};

/// Where rows lie side by side.
template <int kRows>
struct AdjacentRows {
  const float* first;

  HWY_INLINE AdjacentRows(const float* a, std::int64_t /*row_step*/) : first(a) {}
  HWY_INLINE float element(int i) const { return first[i]; }
  HWY_INLINE void advance(std::int64_t by) { first += by; }
};

/// kRows x kVectors vectors of C.
template <int kRows, int kVectors, template <int> class Rows>
HWY_INLINE void multiply_tile(const LineProduct& product, std::int64_t row) {
  const Lanes d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t depth_step = product.depth_step, b_step = product.b_step;
  Rows<kRows> a(product.a + row * product.row_step, product.row_step);
  const float* b = product.b;
  Vector sum[kRows][kVectors];
#pragma GCC unroll 14
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
  }
  std::int64_t run = std::min(product.first_run, product.depth);
  for (std::int64_t left = product.depth;;) {
    for (std::int64_t p = 0; p < run; ++p) {
      Vector row_of_b[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) row_of_b[v] = hn::LoadU(d, b + v * lanes);
#pragma GCC unroll 14
      for (int i = 0; i < kRows; ++i) {
        const Vector element = hn::Set(d, a.element(i));
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(element, row_of_b[v], sum[i][v]);
      }
      a.advance(depth_step);
      b += b_step;
    }
    left -= run;
    if (left == 0) break;
    a.advance(product.run_step - product.run * depth_step);
    run = std::min(product.run, left);
  }
  float* c = product.c + row * product.c_pitch;
#pragma GCC unroll 14
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + i * product.c_pitch + v * lanes;
      hn::Store(product.add ? hn::Add(hn::Load(d, to), sum[i][v]) : sum[i][v], d, to);
    }
  }
}

/// Of `rows` rows, in pairs.
template <int kMost, int kVectors, template <int> class Rows>
HWY_INLINE void multiply_tile_of(const LineProduct& product, std::int64_t row, std::int64_t rows) {
  if constexpr (kMost > 2) {
    if (rows < kMost) return multiply_tile_of<kMost - 2, kVectors, Rows>(product, row, rows);
  }
  multiply_tile<kMost, kVectors, Rows>(product, row);
}

/// All rows, in tiles as equal as pairs of rows can be: small tiles leave the multipliers waiting.
template <int kVectors, template <int> class Rows>
void multiply_rows(const LineProduct& product) {
  for (std::int64_t row = 0; row < product.rows;) {
    const std::int64_t left = product.rows - row, tiles = (left + most_rows - 1) / most_rows;
    const std::int64_t rows = ((left + tiles - 1) / tiles + 1) / 2 * 2;
    multiply_tile_of<most_rows, kVectors, Rows>(product, row, rows);
    row += rows;
  }
}

template <template <int> class Rows>
void multiply_columns(const LineProduct& product) {
  if (product.columns > static_cast<std::int64_t>(hn::Lanes(Lanes()))) {
    multiply_rows<2, Rows>(product);
  } else {
    multiply_rows<1, Rows>(product);
  }
}

}  // namespace

void multiply_lines(const LineProduct& product) {
  product.row_step == 1 ? multiply_columns<AdjacentRows>(product) : multiply_columns<RowPointers>(product);
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(multiply_lines);

void multiply_lines(const LineProduct& product) { HWY_DYNAMIC_DISPATCH(multiply_lines)(product); }

}  // namespace nn::cpu
#endif
