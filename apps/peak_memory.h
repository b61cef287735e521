// The most memory that the program had.
#pragma once

#include <cstdint>

namespace apps {

/// Bytes of memory that the process had at most, since it began.
std::int64_t peak_memory();

}  // namespace apps
