// A number that says whether memory holds the same bytes as before.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nn::cpu {

/// 64 bits of `bytes` bytes, the same with any number of threads. Two contents that differ in a single word of 8 bytes
/// (the first begins at `data`) never have the same fingerprint. Others may, as if by chance, once in about 2^64 times:
/// that is not proven, but tried for the changes that weights go through, of signs and of exponents in a few places.
/// No defence against somebody who looks for such a pair.
std::uint64_t fingerprint(const void* data, std::size_t bytes);

}  // namespace nn::cpu
