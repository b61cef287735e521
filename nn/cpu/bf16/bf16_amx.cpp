// Products of bf16 numbers by AMX, eight tiles of 16 rows x 64 bytes: TDPBF16PS adds 32 products to each of 16 x 16
// sums.
//
//                    B: tile 6   tile 7        32 depths x 16 columns each
//    A: tile 4     ┌───────────┬───────────┐
//    16 rows x     │  C: 0     │     1     │
//    32 depths  5  ├───────────┼───────────┤   16 x 16 sums each: four products for four tiles that are loaded
//                  │     2     │     3     │
//                  └───────────┴───────────┘
//
// Where only 16 rows or 16 columns are left, the lower or right tiles are left out.
//
// The instructions stand here as inline assembly, so that a template takes the numbers of tiles and nothing else is
// compiled for AMX. They have not run on a CPU that has AMX: none was at hand. Tests execute them one by one in an
// emulator instead (tests/nn/cpu/bf16/amx_emulator.h).
#include "nn/cpu/bf16/bf16_amx.h"

#include "nn/cpu/target/cpu_features.h"

#if defined(__x86_64__)
#include <cstdint>

namespace nn::cpu {
namespace {

constexpr std::int64_t tile_rows = 16, tile_depths = 32, tile_columns = 16;

/// The operand of LDTILECFG, palette 1: every tile has 16 rows of 64 bytes.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

void begin() {
  static constexpr TileConfiguration configuration;
  asm volatile("ldtilecfg %0" : : "m"(configuration));
}
void end() { asm volatile("tilerelease"); }

template <int kTile>
void zero() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}
/// Rows are `pitch` bytes apart.
template <int kTile>
void load(const void* from, std::int64_t pitch) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(pitch), "i"(kTile) : "memory");
}
template <int kTile>
void store(void* to, std::int64_t pitch) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(pitch), "i"(kTile) : "memory");
}
/// sum(i,j) += a(i,2k) b(k,2j) + a(i,2k+1) b(k,2j+1) for each k < 16
template <int kSum, int kA, int kB>
void multiply_add() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

/// kDown x kAcross tiles of C, 1 or 2 each way.
template <int kDown, int kAcross>
void multiply_tiles(const Bf16Block& block, const bfloat16* a, const bfloat16* b, float* c) {
  constexpr std::int64_t f32 = sizeof(float), bf16 = sizeof(bfloat16);
  const std::int64_t c_pitch = block.c_pitch * f32;
  constexpr std::int64_t a_pitch = bf16_max_depth * bf16, b_pitch = kAcross * tile_columns * 2 * bf16;
  float* const c_below = c + tile_rows * block.c_pitch;
  if (block.add) {
    load<0>(c, c_pitch);
    if constexpr (kAcross == 2) load<1>(c + tile_columns, c_pitch);
    if constexpr (kDown == 2) load<2>(c_below, c_pitch);
    if constexpr (kDown == 2 && kAcross == 2) load<3>(c_below + tile_columns, c_pitch);
  } else {
    zero<0>();
    if constexpr (kAcross == 2) zero<1>();
    if constexpr (kDown == 2) zero<2>();
    if constexpr (kDown == 2 && kAcross == 2) zero<3>();
  }
  for (std::int64_t p = 0; p < block.depth; p += tile_depths) {
    load<6>(b, b_pitch);
    load<4>(a + p, a_pitch);
    multiply_add<0, 4, 6>();
    if constexpr (kAcross == 2) {
      load<7>(b + 2 * tile_columns, b_pitch);
      multiply_add<1, 4, 7>();
    }
    if constexpr (kDown == 2) {
      load<5>(a + tile_rows * bf16_max_depth + p, a_pitch);
      multiply_add<2, 5, 6>();
    }
    if constexpr (kDown == 2 && kAcross == 2) multiply_add<3, 5, 7>();
    b += tile_depths * kAcross * tile_columns;
  }
  store<0>(c, c_pitch);
  if constexpr (kAcross == 2) store<1>(c + tile_columns, c_pitch);
  if constexpr (kDown == 2) store<2>(c_below, c_pitch);
  if constexpr (kDown == 2 && kAcross == 2) store<3>(c_below + tile_columns, c_pitch);
}

template <int kAcross>
void multiply_panel(const Bf16Block& block, const bfloat16* b, float* c) {
  const bfloat16* a = block.a;
  std::int64_t left = block.rows;
  for (; left > tile_rows; left -= 2 * tile_rows) {
    multiply_tiles<2, kAcross>(block, a, b, c);
    a += 2 * tile_rows * bf16_max_depth;
    c += 2 * tile_rows * block.c_pitch;
  }
  if (left > 0) multiply_tiles<1, kAcross>(block, a, b, c);
}

void multiply(const Bf16Block& block) {
  for (std::int64_t j = 0; j < block.columns; j += bf16_panel) {
    const bfloat16* b = block.b + j * block.depth;
    if (block.columns - j > tile_columns) {
      multiply_panel<2>(block, b, block.c + j);
    } else {
      multiply_panel<1>(block, b, block.c + j);
    }
  }
}

}  // namespace

Bf16Kernel amx_instructions(void (*round)(const float*, std::int64_t, bfloat16*)) {
  return {.name = "amx_bf16",
          .rows_at_once = 2 * tile_rows,
          .beats_winograd = true,
          .multiply = multiply,
          .round = round,
          .begin = begin,
          .end = end};
}

const Bf16Kernel* amx_bf16_kernel() {
  if (!has_amx_bf16() || avx512_bf16_kernel() == nullptr) return nullptr;  // every CPU with AMX has both
  static const Bf16Kernel kernel = amx_instructions(avx512_bf16_kernel()->round);
  return &kernel;
}

}  // namespace nn::cpu
#else
namespace nn::cpu {

const Bf16Kernel* amx_bf16_kernel() { return nullptr; }

}  // namespace nn::cpu
#endif
