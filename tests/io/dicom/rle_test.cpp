#include "io/dicom/rle.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "io/dicom/dataset.h"
#include "io/dicom/fragments.h"
#include "nn/core/error.h"
#include "tests/io/dicom/dicom_file.h"
#include "tests/support/temporary_directory.h"

namespace {

using Cells = std::vector<std::int16_t>;

/// A frame of these segments, each where the one before it ends.
std::string frame(const std::vector<std::string>& segments) {
  std::vector<std::size_t> numbers = {segments.size()};
  std::size_t at = 64;
  for (const std::string& segment : segments) {
    numbers.push_back(at);
    at += segment.size();
  }
  numbers.resize(16);
  std::string bytes;
  for (const std::size_t number : numbers) {
    for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8U * i) & 0xffU);
  }
  for (const std::string& segment : segments) bytes += segment;
  return bytes;
}

std::string literal(const std::string& bytes) { return static_cast<char>(bytes.size() - 1) + bytes; }
std::string repeated(int count, char byte) { return {static_cast<char>(1 - count), byte}; }

void expect_refused(const std::string& bytes, std::size_t pixels, int bits, const std::string& why) {
  try {
    io::decode_rle(bytes, pixels, bits);
    ADD_FAILURE() << "was decoded, although " << why;
  } catch (const nn::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(why));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
  }
}

TEST(Rle, ExpandsLiteralsAndRepeats) {
  EXPECT_EQ(io::decode_rle(frame({literal("ab") + repeated(3, 'c') + literal("d")}), 6, 8),
            (Cells{'a', 'b', 'c', 'c', 'c', 'd'}));
}

TEST(Rle, TakesTheHighByteFromTheFirstSegment) {
  const std::string high = literal({'\x01', '\x7f'}) + repeated(2, '\xff'), low = literal("\x80\x81\x82\xff");
  EXPECT_EQ(io::decode_rle(frame({high, low}), 4, 16), (Cells{0x180, 0x7f81, -126, -1}));
}

TEST(Rle, ExpandsTheLongestRuns) {
  std::string bytes;
  for (int i = 0; i < 128; ++i) bytes += static_cast<char>(i);
  const Cells cells = io::decode_rle(frame({literal(bytes) + repeated(128, '\xfe') + literal(bytes)}), 384, 8);
  for (std::size_t i = 0; i < 384; ++i) EXPECT_EQ(cells[i], i / 128 == 1 ? 0xfe : static_cast<int>(i % 128)) << i;
}

TEST(Rle, PassesOverControlBytesThatSayNothing) {
  EXPECT_EQ(io::decode_rle(frame({"\x80" + literal("a") + "\x80\x80" + literal("b")}), 2, 8), (Cells{'a', 'b'}));
}

TEST(Rle, IgnoresPaddingBehindASegment) {
  for (const std::string& padding : {std::string(1, '\0'), std::string(2, '\0'), std::string(4, '\0'),
                                     std::string("\x80\x80"), repeated(4, 'b'), std::string(1, '\x05')}) {
    const std::string padded = repeated(4, 'a') + padding;
    EXPECT_EQ(io::decode_rle(frame({padded, padded}), 4, 16), Cells(4, 'a' << 8 | 'a')) << padding.size();
  }
}

TEST(Rle, CutsALastRunOffAtTheLastPixel) {
  EXPECT_EQ(io::decode_rle(frame({repeated(6, 'a')}), 4, 8), Cells(4, 'a'));
  EXPECT_EQ(io::decode_rle(frame({literal("abcde")}), 4, 8), (Cells{'a', 'b', 'c', 'd'}));
  const std::string high = repeated(3, '\x01') + repeated(100, '\x02'), low = repeated(2, 'a') + literal("bcdef");
  EXPECT_EQ(io::decode_rle(frame({high, low}), 4, 16), (Cells{0x100 | 'a', 0x100 | 'a', 0x100 | 'b', 0x200 | 'c'}));
}

TEST(Rle, RefusesWhatIsMissing) {
  const std::string four = repeated(4, 'a');
  expect_refused(frame({repeated(3, 'a')}), 4, 8, "a segment ends 1 pixels too early");
  expect_refused(frame({std::string()}), 4, 8, "a segment ends 4 pixels too early");
  expect_refused(frame({four, repeated(3, 'a')}), 4, 16, "a segment ends 1 pixels too early");
  expect_refused(frame({repeated(2, 'a') + '\x01' + "a"}), 4, 8, "a segment ends within a run");
  expect_refused(frame({repeated(2, 'a') + '\xff'}), 4, 8, "a segment ends within a run");
}

TEST(Rle, RefusesAHeaderThatDoesNotFit) {
  const std::string four = repeated(4, 'a'), good = frame({four, four});
  ASSERT_NO_THROW(io::decode_rle(good, 4, 16));
  expect_refused("", 4, 16, "expected a header of 64 bytes, found 0");
  expect_refused(good.substr(0, 63), 4, 16, "expected a header of 64 bytes, found 63");
  expect_refused(good, 4, 8, "expected 1 segments for 8 bits, found 2");
  expect_refused(frame({four}), 4, 16, "expected 2 segments for 16 bits, found 1");
  for (const auto& [at, byte] : {std::pair(4U, '\x3f'), {4U, '\x43'}, {8U, '\x40'}, {8U, '\x45'}, {11U, '\xff'}}) {
    std::string bytes = good;
    bytes[at] = byte;
    EXPECT_THROW(io::decode_rle(bytes, 4, 16), nn::Error) << at;
  }
}

/// Another implementation of the format: what DCMTK makes of the file, or nothing if it refuses.
std::optional<Cells> decode_by_dcmtk(const std::string& path) {
  const io::Dataset dataset(path);
  if (dataset.dcmtk().chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()) return std::nullopt;
  const Uint16* cells = nullptr;
  unsigned long count = 0;
  if (dataset.dcmtk().findAndGetUint16Array(DCM_PixelData, cells, &count).bad()) return std::nullopt;
  return Cells(cells, cells + count);
}

/// Flat parts, short repeats, noise: runs of every kind and length. No byte is 128, of which DCMTK makes a run of 129
/// where it is read as a control byte, while the standard has it say nothing.
std::vector<int> patchy(int count) {
  std::vector<int> values;
  std::uint32_t state = 5;
  while (values.size() < static_cast<std::size_t>(count)) {
    state = state * 1664525U + 1013904223U;
    const int length = static_cast<int>(state >> 8U) % 40 + 1, base = static_cast<int>(state >> 16U) % 4000;
    const std::uint32_t noise = state >> 14U & 3U;
    for (int i = 0; i < length; ++i) {
      state = state * 1664525U + 1013904223U;
      values.push_back(noise == 0 ? base : base + static_cast<int>((state >> 10U) % (noise * noise * 4U)));
    }
  }
  values.resize(static_cast<std::size_t>(count));
  for (int& value : values) value += (value & 0xff) == 0x80 ? 1 : 0;
  return values;
}

TEST(Rle, AgreesWithDcmtkAndIsStricterOnDamagedFrames) {
  const test::TemporaryDirectory directory;
  const std::string path = (directory / "slice.dcm").string();
  const test::DicomFile file{
      .rows = 45, .columns = 61, .values = patchy(45 * 61), .transfer_syntax = "1.2.840.10008.1.2.5"};
  test::write_dicom(path, file);
  std::string joined, whole;
  {
    const io::Dataset dataset(path);
    whole = io::fragment_bytes(dataset, *io::find_pixel_data(dataset), joined);
  }
  const std::string contents = test::contents(path);
  const std::size_t begin = contents.find(whole);
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(io::decode_rle(whole, file.values.size(), 16), Cells(file.values.begin(), file.values.end()));
  EXPECT_EQ(decode_by_dcmtk(path), Cells(file.values.begin(), file.values.end()));

  std::uint32_t state = 11;
  const auto random = [&](std::size_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8U) % below;
  };
  int decoded = 0, refused = 0;
  for (int run = 0; run < 400; ++run) {
    std::string damaged = whole;
    for (int i = 0; i < 1 + run % 3; ++i) {  // every fifth time in the header's three numbers
      const std::size_t at = random(run % 5 == 0 ? 12 : damaged.size()), byte = random(256);
      damaged[at] = static_cast<char>(byte == 128 ? 127 : byte);
    }
    try {
      const Cells cells = io::decode_rle(damaged, file.values.size(), 16);
      ++decoded;
      test::write_contents(path, contents.substr(0, begin) + damaged + contents.substr(begin + whole.size()));
      EXPECT_EQ(decode_by_dcmtk(path), cells) << run;
    } catch (const nn::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(decoded, 50);
  EXPECT_GT(refused, 50);
}

}  // namespace
