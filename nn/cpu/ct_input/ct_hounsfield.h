// The first step of ct_input in f32: a row of stored values in Hounsfield units, and a row of noise.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// One row of one slice: values `pitch` apart.
struct StoredRow {
  const std::int16_t* stored;
  std::int64_t pitch, count;
  float slope, intercept;
  const float* noise;  // HU, of each value; nullptr for none
};
/// hu[x] = slope * stored + intercept + noise, not clipped.
void hounsfield_row(const StoredRow& row, float* hu);

/// deviation * ct_noise for the pixels of one row of one slice; `noise` has room for `count` rounded up to a multiple
/// of 4. The same bits for every instruction set.
struct NoiseRow {
  float deviation;
  std::uint32_t key_low, key_high, row, slice;
  std::int64_t count;
};
void noise_row(const NoiseRow& row, float* noise);

}  // namespace nn::cpu
