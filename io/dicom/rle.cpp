#include "io/dicom/rle.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "nn/core/error.h"
#include "nn/tensor/storage.h"

namespace io {
namespace {

/// A frame begins with 16 numbers of 32 bits, little endian: how many segments there are, and where each begins.
constexpr std::size_t header_bytes = 64;

std::size_t header_number(std::string_view frame, std::size_t index) {
  std::size_t number = 0;
  for (std::size_t i = 4; i-- > 0;) number = number << 8U | static_cast<std::uint8_t>(frame[4 * index + i]);
  return number;
}

/// Copies so many bytes at once where there is room: what is more than a run has, the next run overwrites.
constexpr std::size_t step = 16;

void copy_run(std::string_view from, std::size_t count, std::span<char> to) {
  if (count + step <= std::min(from.size(), to.size())) {
    for (std::size_t i = 0; i < count; i += step) std::memcpy(to.data() + i, from.data() + i, step);
  } else {
    std::memcpy(to.data(), from.data(), count);
  }
}

void repeat_run(char byte, std::size_t count, std::span<char> to) {
  if (count + step <= to.size()) {
    for (std::size_t i = 0; i < count; i += step) std::memset(to.data() + i, byte, step);
  } else {
    std::memset(to.data(), byte, count);
  }
}

/// A segment is a row of runs: a control byte n, then for n < 128 that many bytes and one more as they are, for n > 128
/// one byte that stands 257 - n times. What goes beyond the last pixel is left, as other readers leave it: encoders pad
/// segments to 2 or 4 bytes, some in runs, and none of it can be a pixel.
void unpack(std::string_view segment, std::span<char> plane) {
  while (!plane.empty()) {
    NN_CHECK(!segment.empty(), "RLE: a segment ends ", plane.size(), " pixels too early");
    const std::size_t control = static_cast<std::uint8_t>(segment.front());
    segment.remove_prefix(1);
    if (control == 128) continue;  // says nothing
    const bool is_literal = control < 128;
    const std::size_t count = std::min(is_literal ? control + 1 : 257 - control, plane.size());
    const std::size_t stored = is_literal ? count : 1;
    NN_CHECK(stored <= segment.size(), "RLE: a segment ends within a run");
    if (is_literal) {
      copy_run(segment, count, plane);
    } else {
      repeat_run(segment.front(), count, plane);
    }
    segment.remove_prefix(stored);
    plane = plane.subspan(count);
  }
}

}  // namespace

std::vector<std::int16_t> decode_rle(std::string_view frame, std::size_t pixels, int bits_allocated) {
  NN_CHECK(frame.size() >= header_bytes, "RLE: expected a header of 64 bytes, found ", frame.size());
  const auto segments = static_cast<std::size_t>(bits_allocated / 8);
  NN_CHECK(header_number(frame, 0) == segments, "RLE: expected ", segments, " segments for ", bits_allocated,
           " bits, found ", header_number(frame, 0));
  // Kept from picture to picture, unlike a vector's memory; while a picture is decoded it counts as a tensor's.
  const nn::Storage memory(segments * pixels, nn::Device::cpu);
  const std::span<char> planes(static_cast<char*>(memory.data()), memory.bytes());  // of bytes, the highest first
  for (std::size_t i = 0; i < segments; ++i) {
    const std::size_t begin = header_number(frame, i + 1);
    const std::size_t end = i + 1 == segments ? frame.size() : header_number(frame, i + 2);
    NN_CHECK(header_bytes <= begin && begin <= end && end <= frame.size(), "RLE: segment ", i, " goes from byte ",
             begin, " to ", end, " of ", frame.size());
    unpack(frame.substr(begin, end - begin), planes.subspan(i * pixels, pixels));
  }
  std::vector<std::int16_t> cells(pixels);
  const char* const high = planes.data();
  const char* const low = high + (segments - 1) * pixels;
  const int high_bits = segments == 2 ? 0xff00 : 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    cells[i] = static_cast<std::int16_t>((high[i] << 8 & high_bits) | static_cast<std::uint8_t>(low[i]));
  }
  return cells;
}

}  // namespace io
