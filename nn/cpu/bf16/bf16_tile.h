// The innermost part of a product of bf16 numbers with f32 sums: packed blocks that lie in the caches, and the kernels
// that multiply them. All read one layout, the one that AMX wants (Intel, "Intel 64 and IA-32 Architectures Software
// Developer's Manual", volume 1, chapter 18; instruction TDPBF16PS):
//
//   A  row by row, depths side by side        B  panels of 32 columns (the last of 16 if no more are left), two depths
//                                                of a column side by side, a 32-bit word
//      depth 0  1  2  3 ... 31 | 32 ...             column 0        1       ...  31
//     ┌────────────────────────┬────             ┌───────────────┬───────┬─────┬───────┐
//   0 │ a  a  a  a  ...      a │                 │ b(0,0) b(1,0) │ (0,1) │ ... │(0,31) │  depths 0 and 1
//   1 │                        │                 │ b(2,0) b(3,0) │       │     │       │  depths 2 and 3
//     │   an AMX tile of A:    │                 │      16 words of 16 such rows       │
//  15 │   16 rows of 64 bytes  │                 │      are an AMX tile of B           │
//
// AVX512_BF16 broadcasts a word of A, two depths of a row, and multiplies it by a row of 16 words of B (VDPBF16PS).
// Depths come in multiples of 32: what is not there is zero on both sides.
#pragma once

#include <cstdint>

#include "nn/core/bfloat16.h"

namespace nn::cpu {

/// Longest run of the depth that is packed at once: a panel of B then fills 36 of the 48 KiB of a first-level cache.
inline constexpr std::int64_t bf16_max_depth = 576;
/// Depths and columns come in multiples of these; columns of a panel of B.
inline constexpr std::int64_t bf16_depth_unit = 32, bf16_column_unit = 16, bf16_panel = 32;

/// A packed block product: C = A B, or C += A B.
struct Bf16Block {
  const bfloat16* a;  // rows bf16_max_depth apart; whole tiles may be read, up to a multiple of rows_at_once
  const bfloat16* b;
  float* c;  // row by row, c_pitch apart; has room for whole tiles
  std::int64_t c_pitch;
  std::int64_t rows, columns, depth;
  bool add;
};

/// One way to multiply. `begin` and `end` enclose a thread's calls of `multiply`.
struct Bf16Kernel {
  const char* name;
  std::int64_t rows_at_once;  // of A: packed and used together, those of one tile of C (AMX: of two)
  bool beats_winograd;        // direct convolutions by it are faster than minimal filtering in f32 (conv_choice.cpp)
  void (*multiply)(const Bf16Block& block);
  /// Rounds to nearest, ties to even. (Denormal numbers may become zero.)
  void (*round)(const float* from, std::int64_t count, bfloat16* to);
  void (*begin)() = [] {};
  void (*end)() = [] {};
};

/// In plain C++, for every CPU: what the others are tested against.
const Bf16Kernel& portable_bf16_kernel();
/// By AVX512_BF16 (Cooper Lake, Sapphire Rapids, Zen 4 and later) or AMX (Sapphire Rapids and later); null where CPU or
/// operating system do not have it. The second asks for AMX at its first call (arch_prctl), for all threads of the
/// process.
const Bf16Kernel* avx512_bf16_kernel();
const Bf16Kernel* amx_bf16_kernel();

}  // namespace nn::cpu
