// ct_input for a map that neither turns nor shears, in f32: the mean over samples is then one sum along columns and one
// along rows, and no picture between the two is kept.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/functors/ct_input.h"
#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// Along one axis: output pixel j is the sum over t < taps of weight[j * taps + t] * source pixel first[j] + t, the
/// mean of its bilinear samples. Source pixels below 0 and from the source's extent on are air.
struct AxisWeights {
  int taps = 0;
  std::vector<std::int32_t> first;
  std::vector<float> weight;

  /// Output pixel j's samples lie at step * (j + functors::sample_offset) + start.
  AxisWeights(double step, double start, std::int64_t count, std::int64_t extent);

  /// 1, 2 or 4 if output pixel j is the plain mean of so many source pixels from j times as many on, all in `extent`;
  /// else 0.
  int whole_step(std::int64_t extent) const;

 private:
  bool last_tap_is_negligible() const;
  void drop_last_tap();
};

class SampleParameters;

/// Writes y {1, size_h, size_w, c} from `source` {1, h, w, k}; sample.map() must be upright.
void upright_input(const Tensor& source, const SampleParameters& sample, const Tensor& mean, const Tensor& deviation,
                   const Tensor& y);

}  // namespace nn::cpu
