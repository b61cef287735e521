// The tile in Google Highway, compiled once per instruction set and chosen when the program runs.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/gemm/gemm_simd.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include <algorithm>

#include "nn/cpu/gemm/gemm_tile.h"
#include "nn/cpu/loops/prefetch.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;

// Accumulators and one row of B must fit the registers: 32 with AVX-512 and NEON, 16 with AVX2.
#if HWY_TARGET <= HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int tile_rows = 14;
#else
constexpr int tile_rows = 6;
#endif
constexpr int tile_vectors = 2;

/// How many rows ahead B is asked for where it meets few rows of A: by minimal filtering, whose filters fill the
/// second-level cache and more (96 and 192 channels take 3 % less).
constexpr std::int64_t depths_ahead = 24;

/// kRows x kVectors vectors of C. A row of B is loaded once per depth and meets kRows broadcast elements of A. These
/// lie in one of four orders; here the distances from `a` in elements, for a tile of 14 rows:
///
///     rows     depth 0    1    2             chunks   depth 0    1 ...  15 |  16   17
///       row 0        0    1    2 ...           row 0        0    1 ...  15 | 224  225 ...
///       row 1      288  289  290               row 1       16   17 ...  31 | 240  241
///       row 2      576  577  578               row 2       32   33 ...  47 | 256  257
///     a row along its depth, then the next   16 depths of every row, then the next 16
///
///     wide     depth 0    1    2             depths   depth 0          1            2
///       row 0        0   16   32 ...           row 0        0    a_pitch      2 a_pitch ...
///       row 1        1   17   33               row 1        1    a_pitch + 1  2 a_pitch + 1
///       row 2        2   18   34               row 2        2    a_pitch + 2  2 a_pitch + 2
///     a depth of 16 rows, then the next      the same of a matrix where it lies, a depth a row of it
template <int kRows, int kVectors, PanelOrder kOrder>
HWY_INLINE void multiply_tile(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float* HWY_RESTRICT c,
                              std::int64_t c_pitch, std::int64_t depth, bool add, std::int64_t a_pitch = 0) {
  constexpr bool rows_apart = kOrder == PanelOrder::rows || kOrder == PanelOrder::chunks;
  constexpr std::int64_t row_step = !rows_apart ? 1 : kOrder == PanelOrder::rows ? max_depth : chunk;
  const std::int64_t depth_step = rows_apart ? 1 : kOrder == PanelOrder::depths ? a_pitch : chunk;
  const Lanes d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Vector sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
  }
  const std::int64_t run = kOrder == PanelOrder::chunks ? chunk : depth;
  for (std::int64_t begin = 0; begin < depth; begin += run) {
    for (std::int64_t p = 0; p < run; ++p) {
      Vector row_of_b[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        row_of_b[v] = hn::Load(d, b + v * lanes);
        if (kOrder == PanelOrder::chunks && v * lanes % 16 == 0) {  // once a cache line
          prefetch_ahead(b + v * lanes, depths_ahead * kVectors * lanes);
        }
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Vector element = hn::Set(d, a[i * row_step]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(element, row_of_b[v], sum[i][v]);
      }
      a += depth_step;
      b += kVectors * lanes;
    }
    if (kOrder == PanelOrder::chunks) a += (tile_rows - 1) * chunk;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + i * c_pitch + v * lanes;
      hn::Store(add ? hn::Add(hn::Load(d, to), sum[i][v]) : sum[i][v], d, to);
    }
  }
}

/// One panel of B against all panels of A. The last rows take the smallest tile that covers them.
template <int kVectors, PanelOrder kOrder>
void multiply_panel(const Block<float>& block, const float* b, float* c) {
  const float* a = block.a;
  std::int64_t left = block.rows;
  for (; left >= tile_rows; left -= tile_rows) {
    multiply_tile<tile_rows, kVectors, kOrder>(a, b, c, block.c_pitch, block.depth, block.add);
    a += block.a_panel;
    c += tile_rows * block.c_pitch;
  }
  if (left > std::min(8, tile_rows)) {
    multiply_tile<tile_rows, kVectors, kOrder>(a, b, c, block.c_pitch, block.depth, block.add);
  } else if (left > 4) {
    multiply_tile<std::min(8, tile_rows), kVectors, kOrder>(a, b, c, block.c_pitch, block.depth, block.add);
  } else if (left > 2) {
    multiply_tile<4, kVectors, kOrder>(a, b, c, block.c_pitch, block.depth, block.add);
  } else if (left > 0) {
    multiply_tile<2, kVectors, kOrder>(a, b, c, block.c_pitch, block.depth, block.add);
  }
}

/// The same for panels of 16 rows: tiles of 8, or of 6, 6 and 4. Rows come in multiples of 16.
template <int kVectors>
void multiply_wide_panel(const Block<float>& block, const float* b, float* c) {
  constexpr int height = tile_rows < 8 ? tile_rows : 8, rest = chunk % height;
  const float* a = block.a;
  for (std::int64_t i = 0; i < block.rows; i += chunk) {
#pragma GCC unroll 2
    for (int j = 0; j + height <= chunk; j += height) {
      multiply_tile<height, kVectors, PanelOrder::wide>(a + j, b, c + j * block.c_pitch, block.c_pitch, block.depth,
                                                        block.add);
    }
    if constexpr (rest > 0) {
      constexpr int j = chunk - rest;
      multiply_tile<rest, kVectors, PanelOrder::wide>(a + j, b, c + j * block.c_pitch, block.c_pitch, block.depth,
                                                      block.add);
    }
    a += block.a_panel;
    c += chunk * block.c_pitch;
  }
}

/// The same where A lies unpacked. The last rows take tiles of 4, 2 and 1.
template <int kVectors>
void multiply_in_place(const Block<float>& block, const float* b, float* c) {
  constexpr int height = std::min(8, tile_rows);
  const float* a = block.a;
  std::int64_t left = block.rows;
  const auto take = [&]<int kRows>() HWY_ATTR {
    multiply_tile<kRows, kVectors, PanelOrder::depths>(a, b, c, block.c_pitch, block.depth, block.add, block.a_pitch);
    a += kRows;
    c += kRows * block.c_pitch;
    left -= kRows;
  };
  while (left >= height) take.template operator()<height>();
  if (left >= 4) take.template operator()<4>();
  if (left >= 2) take.template operator()<2>();
  if (left >= 1) take.template operator()<1>();
}

template <int kVectors, PanelOrder kOrder>
HWY_INLINE void multiply_any_panel(const Block<float>& block, const float* b, float* c) {
  if constexpr (kOrder == PanelOrder::wide) {
    multiply_wide_panel<kVectors>(block, b, c);
  } else if constexpr (kOrder == PanelOrder::depths) {
    multiply_in_place<kVectors>(block, b, c);
  } else {
    multiply_panel<kVectors, kOrder>(block, b, c);
  }
}

template <PanelOrder kOrder>
void multiply_panels(const Block<float>& block) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Lanes()));
  for (std::int64_t j = 0; j < block.columns; j += tile_vectors * lanes) {
    const float* b = block.b + j * block.depth;
    if (block.columns - j > lanes) {
      multiply_any_panel<tile_vectors, kOrder>(block, b, block.c + j);
    } else {
      multiply_any_panel<1, kOrder>(block, b, block.c + j);
    }
  }
}

}  // namespace

void multiply_block(const Block<float>& block) {
  switch (block.a_order) {
    case PanelOrder::rows:
      return multiply_panels<PanelOrder::rows>(block);
    case PanelOrder::chunks:
      return multiply_panels<PanelOrder::chunks>(block);
    case PanelOrder::wide:
      return multiply_panels<PanelOrder::wide>(block);
    case PanelOrder::depths:
      return multiply_panels<PanelOrder::depths>(block);
  }
}

TileShape tile_shape() {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Lanes()));
  return {.rows = tile_rows, .columns = tile_vectors * lanes, .vector = lanes};
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(multiply_block);
HWY_EXPORT(tile_shape);

TileShape detail::simd_tile_shape() { return HWY_DYNAMIC_DISPATCH(tile_shape)(); }
void detail::simd_multiply_block(const Block<float>& block) { HWY_DYNAMIC_DISPATCH(multiply_block)(block); }

}  // namespace nn::cpu
#endif
