#include "io/pictures/png_writer.h"

// The implementation of stb_image_write lives here and nowhere else.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

#include "io/files/atomic_file.h"
#include "nn/core/error.h"

namespace io {
namespace {

void append(void* user, void* bytes, int count) {
  static_cast<std::string*>(user)->append(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

}  // namespace

std::string encode_png(const Picture& picture) {
  NN_CHECK(picture.width > 0 && picture.height > 0 && (picture.channels == 1 || picture.channels == 3),
           "[encode_png] expected a picture of 1 or 3 channels, got ", picture.width, " x ", picture.height, " x ",
           picture.channels);
  const std::size_t row_bytes = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
  NN_CHECK(picture.pixels.size() == row_bytes * static_cast<std::size_t>(picture.height), "[encode_png] expected ",
           row_bytes * static_cast<std::size_t>(picture.height), " bytes, got ", picture.pixels.size());
  std::string bytes;
  const int written = stbi_write_png_to_func(append, &bytes, picture.width, picture.height, picture.channels,
                                             picture.pixels.data(), static_cast<int>(row_bytes));
  NN_CHECK(written != 0, "[encode_png] out of memory for ", picture.width, " x ", picture.height, " pixels");
  return bytes;
}

void write_png(const std::filesystem::path& path, const Picture& picture) {
  write_file_atomically(path, encode_png(picture));
}

}  // namespace io
