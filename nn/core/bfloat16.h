// bfloat16: the upper half of a float32 (1 sign, 8 exponent, 7 mantissa bits). Storage and conversion only, the same on
// the CPU and in device code.
#pragma once

#include <cstdint>
#include <cstring>

#include "nn/core/host_device.h"

namespace nn {

struct bfloat16 {
  std::uint16_t bits = 0;

  bfloat16() = default;
  /// Rounds to nearest, ties to even; every NaN becomes 0x7fff. That is what the GPU's instruction does.
  NN_HOST_DEVICE explicit bfloat16(float value) {
#if defined(__CUDA_ARCH__)
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
#else
    std::uint32_t word = 0;
    std::memcpy(&word, &value, sizeof(word));
    const bool is_nan = (word & 0x7fffffffU) > 0x7f800000U;
    bits = is_nan ? std::uint16_t{0x7fff} : static_cast<std::uint16_t>((word + 0x7fffU + ((word >> 16U) & 1U)) >> 16U);
#endif
  }
  NN_HOST_DEVICE explicit operator float() const {
    const std::uint32_t word = static_cast<std::uint32_t>(bits) << 16U;
    float value = 0;  // std::bit_cast is no device function
    std::memcpy(&value, &word, sizeof(value));
    return value;
  }
};

}  // namespace nn
