// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// A number is a function of (seed, counter): the same on CPU and GPU, in any order, by any number of workers.
#pragma once

#include <cmath>
#include <cstdint>

#include "nn/core/host_device.h"

namespace nn {

struct Philox4 {
  std::uint32_t x[4];
};

/// Ten rounds: 128 counter bits and 64 key bits in, 128 random bits out.
NN_HOST_DEVICE inline Philox4 philox(Philox4 counter, std::uint32_t key_low, std::uint32_t key_high) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53U} * counter.x[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57U} * counter.x[2];
    counter = {{static_cast<std::uint32_t>(b >> 32U) ^ counter.x[1] ^ key_low, static_cast<std::uint32_t>(b),
                static_cast<std::uint32_t>(a >> 32U) ^ counter.x[3] ^ key_high, static_cast<std::uint32_t>(a)}};
    key_low += 0x9E3779B9U;
    key_high += 0xBB67AE85U;
  }
  return counter;
}

/// 24 bits, in [0, 1).
NN_HOST_DEVICE inline float uniform_from_bits(std::uint32_t bits) {
  return static_cast<float>(bits >> 8U) * (1.0F / 16777216.0F);
}

/// One of two independent standard normals (Box and Muller), from two words.
NN_HOST_DEVICE inline float normal_from_bits(std::uint32_t a, std::uint32_t b) {
  const float radius = std::sqrt(-2.0F * std::log((static_cast<float>(a >> 8U) + 0.5F) * (1.0F / 16777216.0F)));
  return radius * std::cos(6.28318530717958647692F * uniform_from_bits(b));
}

/// A stream of numbers for host code: Random(seed, purpose, index) gives the same sequence wherever it is made.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint32_t purpose = 0, std::uint64_t index = 0)
      : key_low_(static_cast<std::uint32_t>(seed)),
        key_high_(static_cast<std::uint32_t>(seed >> 32U)),
        counter_{{0, purpose, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32U)}} {}

  std::uint32_t bits() {
    if (used_ == 4) {
      block_ = philox(counter_, key_low_, key_high_);
      ++counter_.x[0];
      used_ = 0;
    }
    return block_.x[used_++];
  }
  /// In [0, 1).
  float uniform() { return uniform_from_bits(bits()); }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  float normal() {
    const std::uint32_t a = bits();
    return normal_from_bits(a, bits());
  }
  /// In [0, count), without bias worth speaking of (64-bit multiply).
  std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>((std::uint64_t{bits()} * count) >> 32U);
  }

 private:
  std::uint32_t key_low_, key_high_;
  Philox4 counter_;
  Philox4 block_{};
  int used_ = 4;
};

/// Fisher and Yates.
template <class Container>
void shuffle(Container& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) {
    const std::size_t j = random.below(static_cast<std::uint32_t>(i));
    auto kept = items[i - 1];
    items[i - 1] = items[j];
    items[j] = kept;
  }
}

}  // namespace nn
