// Products of bf16 numbers by AVX512_BF16: VDPBF16PS adds two products to each of 16 sums. Functions are compiled for
// these instructions one by one and run only where has_avx512_bf16(); the rest of the program never sees them.
// (Highway 1.0.3 has no operation that becomes VDPBF16PS.)
#include "nn/cpu/bf16/bf16_tile.h"
#include "nn/cpu/target/cpu_features.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FALX_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace nn::cpu {
namespace {

constexpr int tile_rows = 14, lanes = 16;

/// kRows x kVectors vectors of C: 28 of the 32 registers hold sums. A row of B is loaded once for two depths and meets
/// kRows broadcast pairs of A.
template <int kRows, int kVectors>
FALX_AVX512_BF16 void multiply_tile(const Bf16Block& block, const bfloat16* a, const bfloat16* b, float* c) {
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_setzero_ps();
  }
  for (std::int64_t p = 0; p < block.depth; p += 2) {
    __m512i rows_of_b[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) rows_of_b[v] = _mm512_loadu_si512(b + v * 2 * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      int pair = 0;
      __builtin_memcpy(&pair, a + i * bf16_max_depth + p, sizeof(pair));
      const __m512i pairs = _mm512_set1_epi32(pair);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        sum[i][v] = _mm512_dpbf16_ps(sum[i][v], (__m512bh)pairs, (__m512bh)rows_of_b[v]);  // NOLINT: same bits
      }
    }
    b += kVectors * 2 * lanes;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + i * block.c_pitch + v * lanes;
      _mm512_storeu_ps(to, block.add ? _mm512_add_ps(_mm512_loadu_ps(to), sum[i][v]) : sum[i][v]);
    }
  }
}

/// One panel of B against all rows of A. The last rows take the smallest tile that covers them.
template <int kVectors>
FALX_AVX512_BF16 void multiply_panel(const Bf16Block& block, const bfloat16* b, float* c) {
  const bfloat16* a = block.a;
  std::int64_t left = block.rows;
  for (; left >= tile_rows; left -= tile_rows) {
    multiply_tile<tile_rows, kVectors>(block, a, b, c);
    a += tile_rows * bf16_max_depth;
    c += tile_rows * block.c_pitch;
  }
  if (left > 8) {
    multiply_tile<tile_rows, kVectors>(block, a, b, c);
  } else if (left > 4) {
    multiply_tile<8, kVectors>(block, a, b, c);
  } else if (left > 2) {
    multiply_tile<4, kVectors>(block, a, b, c);
  } else if (left > 0) {
    multiply_tile<2, kVectors>(block, a, b, c);
  }
}

FALX_AVX512_BF16 void multiply(const Bf16Block& block) {
  for (std::int64_t j = 0; j < block.columns; j += bf16_panel) {
    const bfloat16* b = block.b + j * block.depth;
    if (block.columns - j > lanes) {
      multiply_panel<2>(block, b, block.c + j);
    } else {
      multiply_panel<1>(block, b, block.c + j);
    }
  }
}

FALX_AVX512_BF16 void round(const float* from, std::int64_t count, bfloat16* to) {
  std::int64_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(from + k));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k), (__m256i)rounded);  // NOLINT: same bits
  }
  if (k == count) return;
  const __mmask16 rest = static_cast<__mmask16>((1U << static_cast<unsigned>(count - k)) - 1);
  const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, from + k));
  _mm256_mask_storeu_epi16(to + k, rest, (__m256i)rounded);  // NOLINT: same bits
}

}  // namespace

const Bf16Kernel* avx512_bf16_kernel() {
  static constexpr Bf16Kernel kernel{
      .name = "avx512_bf16", .rows_at_once = tile_rows, .beats_winograd = false, .multiply = multiply, .round = round};
  return has_avx512_bf16() ? &kernel : nullptr;
}

}  // namespace nn::cpu
#else
namespace nn::cpu {

const Bf16Kernel* avx512_bf16_kernel() { return nullptr; }

}  // namespace nn::cpu
#endif
