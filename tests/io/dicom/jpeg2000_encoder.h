// JPEG 2000 without loss, for the tests: OpenJPEG's encoder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace test {

struct GreyLevels {
  int rows = 0, columns = 0, bits = 16, components = 1;
  bool is_signed = false;
  std::vector<int> values = {};  // rows * columns, the same for every component
};

/// A bare code stream.
std::string encode_jpeg2000(const GreyLevels& picture);

}  // namespace test
