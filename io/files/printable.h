// Names from files in messages.
#pragma once

#include <string>
#include <string_view>

namespace io {

/// Names in messages come from a file that is not trusted: without control characters, and short.
std::string printable(std::string_view text);

}  // namespace io
