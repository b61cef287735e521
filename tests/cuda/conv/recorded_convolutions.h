// Which convolutions a network asks for: told by the network itself, which runs on the CPU with kernels that note down
// what they are given instead of computing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/kernels/conv.h"

namespace test {

struct RecordedConvolution {
  enum class Pass { forward, backward_data, backward_weights } pass = Pass::forward;
  nn::Shape x{}, w{};  // of one image
  nn::ConvGeometry geometry{};
  bool bias = false, relu = false;
  float beta = 0;       // of a gradient
  bool dense = false;   // the data gradient that is written is no slice of channels
  std::string layer{};  // "features.conv0"

  bool operator==(const RecordedConvolution&) const = default;
};

/// Every convolution of one step of training, forward and backward, or of one prediction, in the order they are
/// computed. f32, `size` pixels, the ct head.
std::vector<RecordedConvolution> convolutions_of(const std::string& model, std::int64_t size, bool training);

}  // namespace test
