// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104): weight hashes and pseudonyms of patient ids.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace io {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// Takes a message in pieces: update() any number of times, then digest() once.
class Sha256 {
 public:
  void update(std::string_view bytes);
  Sha256Digest digest();

 private:
  void compress(const char* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, 64> block_ = {};
  std::uint64_t length_ = 0;  // bytes so far
};

Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

/// Lower-case hexadecimal: 64 characters.
std::string to_hex(const Sha256Digest& digest);
std::string sha256_hex(std::string_view bytes);

}  // namespace io
