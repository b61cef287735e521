// The numbers that tests/golden/golden.py and the golden tests both compute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace test {

/// `count` numbers in [-1, 1) of tensor number `tensor`: a 32-bit integer hash of (tensor, index), exact everywhere.
inline std::vector<double> golden_values(std::uint32_t tensor, std::int64_t count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t u = static_cast<std::uint32_t>(i) * 2654435761U + tensor * 40503U;
    u ^= u >> 15U;
    u *= 2246822519U;
    u ^= u >> 13U;
    u *= 3266489917U;
    u ^= u >> 16U;
    values[i] = static_cast<double>(u) / 2147483648.0 - 1.0;
  }
  return values;
}

/// The places of input, labels and the first projection among the tensor numbers; parameters count from 0.
inline constexpr std::uint32_t golden_input = 1000, golden_labels = 1001, golden_projection = 2000;
/// At most so many samples of a tensor are stored.
inline constexpr std::int64_t golden_samples = 64;
/// A gradient in f64 whose norm is below is identically zero but for rounding: a bias just before a batch norm.
inline constexpr double golden_zero = 1e-12;

}  // namespace test
