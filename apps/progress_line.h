// The progress bar's line: what it holds, and what it gives up first where the terminal is narrow.
#pragma once

#include <cstddef>
#include <string>

namespace apps {

struct ProgressLine {
  std::string what;    // "epoch 3/10"
  double share = 0;    // done, from 0 to 1
  std::string counts;  // "120/4800"
  std::string unit;    // "images"
  std::string rate;    // "35.1/s"; may be empty
  std::string left;    // "2:13 left"; may be empty
  std::string note;    // "loss 0.1234": what people watch; the last to go
};

/// At most `width` characters. The bar shrinks first; then the rate, the unit, the bar, the time left and the counts
/// go, in this order.
std::string fit(const ProgressLine& line, std::size_t width);
/// All of it but the bar, for a file.
std::string without_bar(const ProgressLine& line);

}  // namespace apps
