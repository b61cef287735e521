#include "io/pictures/picture_reader.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

#include "io/dicom/reason.h"
#include "io/files/atomic_file.h"
#include "nn/core/error.h"

// The implementation of stb_image lives here and nowhere else. Sides beyond the limit are refused before decoding.
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 16384
#include <stb_image.h>

namespace io {
namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30;
constexpr std::int64_t largest_picture = std::int64_t{1} << 28;  // pixels: 16384 x 16384

using Kind = RejectedFile::Kind;

bool begins_like_picture(std::string_view bytes) {
  return bytes.starts_with("\x89PNG\r\n\x1a\n") || bytes.starts_with("\xff\xd8\xff");
}

[[noreturn]] void reject_file(const std::string& path, const char* code, const std::string& detail,
                              Kind kind = Kind::rejected) {
  throw FileRejected({path, kind, code, detail});
}

std::string read_bytes(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) reject_file(path, reject::unreadable, "cannot be opened: " + error.message());
  if (size > largest_file) reject_file(path, reject::unreadable, nn::message("has ", size, " bytes: too large"));
  try {
    return read_file(path);
  } catch (const nn::Error&) {
    reject_file(path, reject::unreadable, "cannot be opened (permissions?)");
  }
}

}  // namespace

bool is_picture(const std::string& path) {
  std::array<char, 8> bytes{};
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), bytes.size());
  return begins_like_picture({bytes.data(), static_cast<std::size_t>(file.gcount())});
}

Picture read_picture(const std::string& path, int channels) {
  NN_CHECK(channels == 1 || channels == 3, "[read_picture] expected 1 or 3 channels, got ", channels);
  const std::string bytes = read_bytes(path);
  if (!begins_like_picture(bytes)) {
    reject_file(path, skip::not_picture, "is neither a PNG nor a JPEG file", Kind::skipped);
  }
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  Picture picture{.channels = channels, .pixels = {}};
  int stored_channels = 0;
  if (stbi_info_from_memory(data, size, &picture.width, &picture.height, &stored_channels) == 0) {
    reject_file(path, reject::decode_failed, std::string("cannot be decoded: ") + stbi_failure_reason());
  }
  if (std::int64_t{picture.width} * picture.height > largest_picture) {
    reject_file(path, reject::bad_element,
                nn::message("has ", picture.width, " x ", picture.height, " pixels: too large"));
  }
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(data, size, &picture.width, &picture.height, &stored_channels, channels), stbi_image_free);
  if (!pixels) reject_file(path, reject::decode_failed, std::string("cannot be decoded: ") + stbi_failure_reason());
  const std::size_t count = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) *
                            static_cast<std::size_t>(channels);
  picture.pixels.assign(pixels.get(), pixels.get() + count);
  return picture;
}

}  // namespace io
