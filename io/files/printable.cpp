#include "io/files/printable.h"

namespace io {

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, 80)) result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > 80 ? result + "..." : result;
}

}  // namespace io
