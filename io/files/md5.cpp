#include "io/files/md5.h"

#include <algorithm>
#include <bit>

namespace io {
namespace {

/// RFC 1321, 3.4: the whole parts of 2^32 |sin(i)|, i = 1 .. 64.
constexpr std::array<std::uint32_t, 64> sines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
/// Rotations of the four rounds, four steps each.
constexpr std::array<std::array<int, 4>, 4> rotations = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

std::uint32_t little_endian(const char* bytes) {
  std::uint32_t word = 0;
  for (int i = 4; i-- > 0;) word = word << 8U | static_cast<std::uint8_t>(bytes[i]);
  return word;
}

}  // namespace

void Md5::update(std::string_view bytes) {
  std::size_t filled = length_ % block_.size();
  length_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t take = std::min(bytes.size(), block_.size() - filled);
    std::copy_n(bytes.data(), take, block_.data() + filled);
    bytes.remove_prefix(take);
    filled = (filled + take) % block_.size();
    if (filled == 0) compress(block_.data());
  }
}

/// RFC 1321, 3.1 and 3.2: a one bit, zeros up to 8 bytes before the end of a block, the length in bits.
std::string Md5::hex_digest() {
  const std::uint64_t bits = 8 * length_;
  const std::size_t filled = length_ % block_.size();
  std::array<char, 64> padding = {static_cast<char>(0x80)};
  update({padding.data(), (filled < 56 ? 56 : 120) - filled});
  std::array<char, 8> length = {};
  for (unsigned i = 0; i < 8; ++i) length[i] = static_cast<char>(bits >> (8U * i));
  update({length.data(), length.size()});

  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint32_t word : state_) {
    for (unsigned byte = 0; byte < 4; ++byte) {
      text += digits[word >> (8U * byte + 4U) & 15U];
      text += digits[word >> (8U * byte) & 15U];
    }
  }
  return text;
}

/// RFC 1321, 3.4: one block of 64 bytes.
void Md5::compress(const char* block) {
  auto [a, b, c, d] = state_;
  for (unsigned i = 0; i < 64; ++i) {
    std::uint32_t mixed = 0;
    unsigned word = 0;
    switch (i / 16) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = i;
        break;
      case 1:
        mixed = (b & d) | (c & ~d);
        word = (5 * i + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = (3 * i + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = 7 * i % 16;
    }
    const std::uint32_t sum = a + mixed + sines[i] + little_endian(block + std::size_t{4} * word);
    a = d, d = c, c = b;
    b += std::rotl(sum, rotations[i / 16][i % 4]);
  }
  const std::array<std::uint32_t, 4> mixed = {a, b, c, d};
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] += mixed[i];
}

}  // namespace io
