// An 8-bit picture in memory.
#pragma once

#include <cstdint>
#include <vector>

namespace io {

/// Row after row from the top left, `channels` bytes a pixel: 1 grey, 3 red green blue.
struct Picture {
  int width = 0, height = 0, channels = 1;
  std::vector<std::uint8_t> pixels = {};  // height * width * channels
};

}  // namespace io
