#include "io/files/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace io {
namespace {

/// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = word << 8U | static_cast<std::uint8_t>(bytes[i]);
  return word;
}

}  // namespace

void Sha256::update(std::string_view bytes) {
  std::size_t filled = length_ % block_.size();
  length_ += bytes.size();
  while (!bytes.empty()) {
    if (filled == 0 && bytes.size() >= block_.size()) {
      compress(bytes.data());
      bytes.remove_prefix(block_.size());
      continue;
    }
    const std::size_t take = std::min(bytes.size(), block_.size() - filled);
    std::memcpy(block_.data() + filled, bytes.data(), take);
    bytes.remove_prefix(take);
    filled += take;
    if (filled == block_.size()) {
      compress(block_.data());
      filled = 0;
    }
  }
}

/// FIPS 180-4, 5.1.1: a one bit, zeros up to 8 bytes before the end of a block, the length in bits.
Sha256Digest Sha256::digest() {
  const std::uint64_t bits = 8 * length_;
  const std::size_t filled = length_ % block_.size();
  std::array<char, 72> padding = {static_cast<char>(0x80)};
  const std::size_t zeros_end = (filled < 56 ? 56 : 120) - filled;
  std::array<char, 8> length = {};
  for (unsigned i = 0; i < 8; ++i) length[i] = static_cast<char>(bits >> (56U - 8U * i));
  update({padding.data(), zeros_end});
  update({length.data(), length.size()});

  Sha256Digest result = {};
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24U - 8U * (i % 4)));
  }
  return result;
}

/// FIPS 180-4, 6.2.2: one block of 64 bytes.
void Sha256::compress(const char* block) {
  std::array<std::uint32_t, 64> w = {};
  for (std::size_t t = 0; t < 16; ++t) w[t] = big_endian(block + 4 * t);
  for (std::size_t t = 16; t < 64; ++t) {
    const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3U;
    const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10U;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (std::size_t t = 0; t < 64; ++t) {
    const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t choice = (e & f) ^ (~e & g);
    const std::uint32_t t1 = h + sum1 + choice + round_constants[t] + w[t];
    const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    const std::uint32_t t2 = sum0 + majority;
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> mixed = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] += mixed[i];
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
  constexpr std::size_t block = 64;
  std::array<char, block> padded = {};
  Sha256Digest hashed_key = {};
  if (key.size() > block) {
    Sha256 hash;
    hash.update(key);
    hashed_key = hash.digest();
    key = {reinterpret_cast<const char*>(hashed_key.data()), hashed_key.size()};
  }
  std::copy(key.begin(), key.end(), padded.begin());
  std::array<char, block> inner_key = {}, outer_key = {};
  for (std::size_t i = 0; i < block; ++i) {
    inner_key[i] = static_cast<char>(padded[i] ^ 0x36);
    outer_key[i] = static_cast<char>(padded[i] ^ 0x5c);
  }
  Sha256 inner, outer;
  inner.update({inner_key.data(), block});
  inner.update(message);
  const Sha256Digest inner_digest = inner.digest();
  outer.update({outer_key.data(), block});
  outer.update({reinterpret_cast<const char*>(inner_digest.data()), inner_digest.size()});
  return outer.digest();
}

std::string to_hex(const Sha256Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return to_hex(hash.digest());
}

}  // namespace io
