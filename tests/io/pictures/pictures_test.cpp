#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "io/files/atomic_file.h"
#include "io/pictures/picture_reader.h"
#include "io/pictures/png_writer.h"
#include "nn/core/error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

io::Picture gradient(int width, int height, int channels) {
  io::Picture picture{.width = width, .height = height, .channels = channels};
  for (int i = 0; i < width * height * channels; ++i) picture.pixels.push_back(static_cast<std::uint8_t>(i * 37 % 256));
  return picture;
}

std::string code_of(const std::filesystem::path& path) {
  try {
    io::read_picture(path.string());
    return "read";
  } catch (const io::FileRejected& error) {
    EXPECT_EQ(error.detail().find('\n'), std::string::npos);
    return error.code();
  }
}

TEST(Pictures, PngComesBackAsItWasWritten) {
  const test::TemporaryDirectory directory;
  for (const int channels : {1, 3}) {
    const io::Picture written = gradient(17, 5, channels);
    io::write_png(directory / "picture.png", written);
    const io::Picture read = io::read_picture((directory / "picture.png").string(), channels);
    EXPECT_EQ(read.width, 17);
    EXPECT_EQ(read.height, 5);
    EXPECT_EQ(read.channels, channels);
    EXPECT_EQ(read.pixels, written.pixels);
  }
}

TEST(Pictures, BytesInMemoryAreTheFile) {
  const test::TemporaryDirectory directory;
  io::write_png(directory / "picture.png", gradient(9, 9, 3));
  EXPECT_EQ(io::encode_png(gradient(9, 9, 3)), io::read_file(directory / "picture.png"));
}

TEST(Pictures, ColourBecomesGreyByLuma) {
  const test::TemporaryDirectory directory;
  io::write_png(directory / "red.png", {.width = 1, .height = 1, .channels = 3, .pixels = {255, 0, 0}});
  EXPECT_NEAR(io::read_picture((directory / "red.png").string()).pixels.at(0), 0.299 * 255, 1);
}

TEST(Pictures, RefusesWhatIsNoPicture) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory / "text.png") << "not a picture";
  std::ofstream(directory / "empty.png") << "";
  EXPECT_EQ(code_of(directory / "text.png"), "not_picture");
  EXPECT_EQ(code_of(directory / "empty.png"), "not_picture");
  EXPECT_EQ(code_of(directory / "absent.png"), "unreadable");
  EXPECT_FALSE(io::is_picture((directory / "text.png").string()));
  EXPECT_FALSE(io::is_picture((directory / "absent.png").string()));
}

TEST(Pictures, EveryLengthOfABrokenOffPngIsRefused) {
  const test::TemporaryDirectory directory;
  const std::string whole = io::encode_png(gradient(20, 20, 1));
  for (std::size_t length = 8; length + 16 < whole.size(); length += 5) {  // the last chunk, IEND, carries nothing
    std::ofstream(directory / "cut.png", std::ios::binary) << whole.substr(0, length);
    EXPECT_TRUE(io::is_picture((directory / "cut.png").string()));
    EXPECT_EQ(code_of(directory / "cut.png"), "decode_failed") << length;
  }
}

TEST(Pictures, RefusesAbsurdSizesBeforeDecoding) {
  const test::TemporaryDirectory directory;
  std::string bytes = io::encode_png(gradient(4, 4, 1));
  bytes.replace(16, 8, std::string("\x00\x0f\x42\x40\x00\x0f\x42\x40", 8));  // IHDR: 1,000,000 x 1,000,000
  std::ofstream(directory / "huge.png", std::ios::binary) << bytes;
  EXPECT_NE(code_of(directory / "huge.png"), "read");
}

TEST(Pictures, RefusesToWriteWhatDoesNotFit) {
  EXPECT_THROW(io::encode_png({.width = 2, .height = 2, .channels = 1, .pixels = {1, 2, 3}}), nn::Error);
  EXPECT_THROW(io::encode_png({.width = 0, .height = 2, .channels = 1, .pixels = {}}), nn::Error);
  EXPECT_THROW(io::encode_png({.width = 1, .height = 1, .channels = 2, .pixels = {1, 2}}), nn::Error);
  EXPECT_THROW(io::write_png("/no/such/folder/picture.png", gradient(2, 2, 1)), nn::Error);
}

TEST(Pictures, ReadsPhotosOfBothFormats) {
  const auto folder = test::shared_data("images/debian-photos");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  int pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!io::is_picture(entry.path().string())) continue;
    const io::Picture picture = io::read_picture(entry.path().string(), 3);
    EXPECT_GT(picture.width, 32) << entry.path();
    EXPECT_GT(std::abs(*std::max_element(picture.pixels.begin(), picture.pixels.end()) -
                       *std::min_element(picture.pixels.begin(), picture.pixels.end())),
              100)
        << entry.path();
    ++pictures;
  }
  EXPECT_GE(pictures, 20);
}

}  // namespace
