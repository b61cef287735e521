// A number that says whether memory holds the same bytes as before.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nn::cpu {

/// 64 bits of `bytes` bytes, the same with any number of threads. Two contents that differ in one aligned word of 8
/// bytes never have the same fingerprint, others once in 2^64 times. No defence against somebody who looks for such a
/// pair.
std::uint64_t fingerprint(const void* data, std::size_t bytes);

}  // namespace nn::cpu
