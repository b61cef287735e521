// Products of bf16 numbers in plain C++: slow, and easy to believe.
#include <algorithm>

#include "nn/cpu/bf16/bf16_tile.h"

namespace nn::cpu {
namespace {

void multiply(const Bf16Block& block) {
  for (std::int64_t i = 0; i < block.rows; ++i) {
    const bfloat16* a = block.a + i * bf16_max_depth;
    for (std::int64_t j = 0; j < block.columns; ++j) {
      const std::int64_t panel = j / bf16_panel * bf16_panel;
      const std::int64_t width = std::min(bf16_panel, block.columns - panel);
      const bfloat16* b = block.b + panel * block.depth + (j - panel) * 2;  // two depths of this column
      float& c = block.c[i * block.c_pitch + j];
      float sum = block.add ? c : 0;
      for (std::int64_t p = 0; p < block.depth; p += 2, b += 2 * width) {
        sum += static_cast<float>(a[p]) * static_cast<float>(b[0]);
        sum += static_cast<float>(a[p + 1]) * static_cast<float>(b[1]);
      }
      c = sum;
    }
  }
}

void round(const float* from, std::int64_t count, bfloat16* to) {
  for (std::int64_t k = 0; k < count; ++k) to[k] = bfloat16(from[k]);
}

}  // namespace

const Bf16Kernel& portable_bf16_kernel() {
  static constexpr Bf16Kernel kernel{
      .name = "portable_bf16", .rows_at_once = 16, .beats_winograd = false, .multiply = multiply, .round = round};
  return kernel;
}

}  // namespace nn::cpu
