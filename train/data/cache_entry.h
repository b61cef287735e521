// The file of one decoded slice in the cache on disk.
//
//   128 bytes   header: CacheHeader, numbers as this machine has them
//   pixels      int16, rows * columns * planes
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/files/file_identity.h"
#include "train/data/decoded_image.h"

namespace train {

/// Increased whenever decoding gives other pixels for the same file: older entries are then of no use.
inline constexpr std::uint32_t decoding_version = 1;

struct CacheHeader {
  char magic[8];
  std::uint64_t checksum;  // of all that follows, XXH3
  std::uint32_t version, kind;
  io::FileIdentity source;
  std::int32_t rows, columns, planes, reserved;
  double slope, intercept, aspect;
  char padding[16];
};
static_assert(sizeof(CacheHeader) == 128 && alignof(CacheHeader) == 8, "pixels begin at a multiple of 64 bytes");

/// "3f/9a...": a name that says nothing of the file.
std::string entry_name(const io::FileIdentity& source, ImageKind kind);

CacheHeader make_header(const DecodedImage& image, ImageKind kind, const io::FileIdentity& source);

struct ReadEntry {
  enum class State { missing, stale, damaged, good };
  State state = State::missing;
  DecodedImage image{};  // if good
};
/// Takes nothing on trust: length, header and checksum are verified, and that it is of this state of the source.
ReadEntry read_entry(const std::string& path, ImageKind kind, const io::FileIdentity& source);

}  // namespace train
