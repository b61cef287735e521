// Channels of ct_input go in groups of four: a pixel of four lanes is one or two vector registers, and a sample of it
// needs no gather.
#pragma once

namespace nn::cpu {

/// Channels of a pixel, side by side in memory.
inline constexpr int lanes = 4;

template <class T>
struct alignas(lanes * sizeof(T)) Pixel {
  T lane[lanes];
};

/// Lane l of a pixel becomes scale[l] * value + shift[l].
template <class T>
struct LaneScale {
  T scale[lanes], shift[lanes];
};

}  // namespace nn::cpu
