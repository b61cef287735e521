// A fast checksum that finds damage; no protection against forgery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace io {

/// XXH3, 64 bits, over the pieces one after the other.
std::uint64_t checksum(std::span<const std::span<const std::byte>> pieces);

}  // namespace io
