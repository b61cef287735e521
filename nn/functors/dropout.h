// The mask of dropout: four elements at a time, from their index.
#pragma once

#include <cstdint>

#include "nn/core/host_device.h"
#include "nn/core/philox.h"

namespace nn::functors {

/// Philox with the counter (index / 4, stream, step) and the seed as key; word index % 4 is the element's.
struct DropoutMask {
  std::uint32_t seed_low, seed_high, step_low, step_high, stream;
  std::uint32_t dropped_below;  // an element whose word is smaller is dropped: probability * 2^32

  /// `random_state`: seed (low, high), step (low, high).
  NN_HOST_DEVICE static DropoutMask of(const std::int32_t* random_state, std::uint32_t stream, double probability) {
    return {static_cast<std::uint32_t>(random_state[0]),
            static_cast<std::uint32_t>(random_state[1]),
            static_cast<std::uint32_t>(random_state[2]),
            static_cast<std::uint32_t>(random_state[3]),
            stream,
            static_cast<std::uint32_t>(probability * 4294967296.0)};
  }

  /// Random words of elements 4 * group ... 4 * group + 3.
  NN_HOST_DEVICE Philox4 words(std::uint64_t group) const {
    // The key differs from that of other uses of the same seed: "drop" in ASCII.
    const Philox4 counter{{static_cast<std::uint32_t>(group),
                           stream ^ (static_cast<std::uint32_t>(group >> 32U) << 24U), step_low, step_high}};
    return philox(counter, seed_low, seed_high ^ 0x64726f70U);
  }
  NN_HOST_DEVICE bool kept(std::uint32_t word) const { return word >= dropped_below; }
};

}  // namespace nn::functors
