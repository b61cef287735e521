#include "io/phantom/identity.h"

#include <fmt/core.h>

#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

enum class What : std::uint32_t { image, patient, study, series };

/// A permutation of the numbers below 2^(2 half_bits): a Feistel network of four rounds, so that no two meet.
std::uint64_t scatter(std::uint64_t seed, What what, std::uint64_t number, unsigned half_bits) {
  const std::uint64_t mask = (1ULL << half_bits) - 1;
  std::uint64_t left = number >> half_bits & mask, right = number & mask;
  for (std::uint32_t round = 0; round < 4; ++round) {
    const nn::Philox4 mixed = nn::philox({{static_cast<std::uint32_t>(right), round, static_cast<std::uint32_t>(what),
                                           static_cast<std::uint32_t>(Stream::identity)}},
                                         static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U));
    const std::uint64_t next = left ^ (mixed.x[0] & mask);
    left = right;
    right = next;
  }
  return left << half_bits | right;
}

}  // namespace

std::string image_id(std::uint64_t seed, std::uint64_t number) {
  return fmt::format("ID_{:09x}", scatter(seed, What::image, number, 18));
}
std::string patient_id(std::uint64_t seed, std::uint64_t number) {
  return fmt::format("ID_{:08x}", scatter(seed, What::patient, number, 16));
}
std::string study_uid(std::uint64_t seed, std::uint64_t number) {
  return fmt::format("ID_{:010x}", scatter(seed, What::study, number, 20));
}
std::string series_uid(std::uint64_t seed, std::uint64_t number) {
  return fmt::format("ID_{:010x}", scatter(seed, What::series, number, 20));
}

std::string meta_instance_uid(std::uint64_t seed, std::uint64_t number) {
  nn::Random random = stream(seed, Stream::identity, number);
  std::string uid = fmt::format("9999.{}", 1 + random.below(9));
  for (int digit = 0; digit < 38; ++digit) uid += static_cast<char>('0' + random.below(10));
  return uid;
}

}  // namespace io::phantom
