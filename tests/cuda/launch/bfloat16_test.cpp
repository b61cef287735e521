// The project's bfloat16 against CUDA's, whose conversions are host functions too.
#include "nn/core/bfloat16.h"

#include <cuda_bf16.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

namespace {

std::uint16_t bits_of(__nv_bfloat16 value) { return std::bit_cast<std::uint16_t>(value); }

void expect_same_rounding(std::uint32_t word) {
  const auto value = std::bit_cast<float>(word);
  ASSERT_EQ(nn::bfloat16(value).bits, bits_of(__float2bfloat16_rn(value))) << std::hex << word;
}

TEST(Bfloat16, RoundsAsCudaDoes) {
  // Every upper half with lower halves around the tie.
  for (std::uint32_t upper = 0; upper < 0x10000U; ++upper) {
    for (const std::uint32_t lower : {0x0000U, 0x0001U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
      expect_same_rounding(upper << 16U | lower);
    }
  }
}

TEST(Bfloat16, WidensAsCudaDoes) {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    nn::bfloat16 ours;
    ours.bits = static_cast<std::uint16_t>(bits);
    const float theirs = __bfloat162float(std::bit_cast<__nv_bfloat16>(ours.bits));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(static_cast<float>(ours)), std::bit_cast<std::uint32_t>(theirs)) << bits;
  }
}

}  // namespace
