// Names from files in messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace io {

/// Names in messages come from a file that is not trusted: without control characters, and of at most so many bytes.
std::string printable(std::string_view text, std::size_t most = 80);

}  // namespace io
