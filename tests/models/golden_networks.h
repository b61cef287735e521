// The small networks of the golden files, and how near the f32 and bf16 of a device comes to PyTorch's values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/models/golden_run.h"

namespace test {

struct GoldenNetwork {
  std::string file;  // "thin-vgg": tests/golden/thin-vgg.safetensors
  MakeNetwork make;
  double bf16_gradient;  // what a gradient in bf16 may err
  /// What gradients may err whose terms all but cancel, by path.
  struct Bound {
    double f32, bf16;
  };
  std::map<std::string, Bound> cancelling{};
};
std::vector<GoldenNetwork> golden_networks();

/// Every gradient, ten steps of SGD and the answers after them, on Device::cuda, whatever stands behind it.
void expect_golden_on_device(const GoldenNetwork& network, nn::DType dtype);

/// Names them for INSTANTIATE_TEST_SUITE_P: "thin_vgg".
std::string test_name(const GoldenNetwork& network);

}  // namespace test
