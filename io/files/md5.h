// MD5 (RFC 1321): to recognise files that were published with no better checksum. No protection against forgery.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace io {

/// Takes a message in pieces: update() any number of times, then hex_digest() once.
class Md5 {
 public:
  void update(std::string_view bytes);
  /// 32 lower-case hexadecimal digits.
  std::string hex_digest();

 private:
  void compress(const char* block);

  std::array<std::uint32_t, 4> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<char, 64> block_ = {};
  std::uint64_t length_ = 0;  // bytes so far
};

}  // namespace io
