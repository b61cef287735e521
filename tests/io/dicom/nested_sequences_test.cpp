// Sequences within sequences: DCMTK's parser calls itself for each, and a small file can hold ten thousand.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "io/dicom/dicom_reader.h"
#include "io/rejected_file.h"
#include "tests/io/dicom/dicom_file.h"
#include "tests/support/temporary_directory.h"

namespace {

constexpr std::uint32_t undefined = 0xffffffff;
const std::string explicit_little = "1.2.840.10008.1.2.1", implicit_little = "1.2.840.10008.1.2",
                  deflated = "1.2.840.10008.1.2.1.99";

std::string little(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string tag(std::uint32_t group, std::uint32_t element) { return little(group, 2) + little(element, 2); }

/// The header of the sequence (0008,0006); `vr` is empty where it is implicit (DICOM PS3.5 7.1).
std::string sequence(const std::string& vr, std::uint32_t length) {
  return tag(0x0008, 0x0006) + (vr.empty() ? "" : vr + little(0, 2)) + little(length, 4);
}

std::string item(std::uint32_t length) { return tag(0xfffe, 0xe000) + little(length, 4); }

/// `levels` sequences of undefined length, each the one item of the one before, and their ends (PS3.5 7.5.2).
std::string nested(int levels, const std::string& vr) {
  std::string begins, ends;
  for (int i = 0; i < levels; ++i) {
    begins += sequence(vr, undefined) + item(undefined);
    ends += tag(0xfffe, 0xe00d) + little(0, 4) + tag(0xfffe, 0xe0dd) + little(0, 4);
  }
  return begins + ends;
}

/// The same with explicit VR and the lengths written out.
std::string nested_with_lengths(std::uint32_t levels) {
  std::string bytes;
  for (std::uint32_t inside = 20 * levels; inside > 0; inside -= 20) {
    bytes += sequence("SQ", inside - 12) + item(inside - 20);
  }
  return bytes;
}

/// The first is of VR "unknown" with undefined length: what is in it has implicit VR (PS3.5 6.2.2, note 3).
std::string nested_in_unknown(int levels) {
  return sequence("UN", undefined) + item(undefined) + nested(levels, "") + tag(0xfffe, 0xe00d) + little(0, 4) +
         tag(0xfffe, 0xe0dd) + little(0, 4);
}

/// A deflate stream (RFC 1951, 3.2.4) that stores the bytes as they are.
std::string stored(const std::string& bytes) {
  constexpr std::size_t block = 65535;
  std::string result;
  for (std::size_t begin = 0; begin < bytes.size(); begin += block) {
    const std::string part = bytes.substr(begin, block);
    const auto size = static_cast<std::uint32_t>(part.size());
    result += (begin + block >= bytes.size() ? '\1' : '\0') + little(size, 2) + little(~size, 2) + part;
  }
  return result;
}

class NestedSequences : public testing::Test {
 protected:
  /// A good slice whose data set begins with `bytes`.
  void write(const std::string& syntax, const std::string& bytes) const {
    const auto split = [&](const std::string& of_syntax) {
      test::write_dicom(path_, {.transfer_syntax = of_syntax});
      const std::string whole = test::contents(path_);
      const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(whole.at(i))); };
      const std::size_t meta = 144 + at(140) + 256 * at(141);  // the group length stands at 140 (PS3.10 7.1)
      return std::pair(whole.substr(0, meta), whole.substr(meta));
    };
    const std::string meta = split(syntax).first;
    const std::string data = bytes + split(syntax == deflated ? explicit_little : syntax).second;
    test::write_contents(path_, meta + (syntax == deflated ? stored(data) : data));
  }

  void expect_read() const { EXPECT_EQ(io::read_slice(path_.string()).header.rows, 4); }

  void expect_refused() const {
    try {
      io::read_slice(path_.string());
      ADD_FAILURE() << "was read";
    } catch (const io::FileRejected& error) {
      EXPECT_EQ(error.kind(), io::RejectedFile::Kind::rejected);
      EXPECT_EQ(error.code(), "unreadable");
      EXPECT_EQ(error.detail(), "the header cannot be read: more than a hundred sequences are nested in each other");
    }
  }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path path_ = directory_ / "nested.dcm";
};

TEST_F(NestedSequences, AHundredAreRead) {
  write(explicit_little, nested(100, "SQ"));
  expect_read();
  write(explicit_little, nested_with_lengths(100));
  expect_read();
  write(explicit_little, nested_in_unknown(99));
  expect_read();
  write(implicit_little, nested(100, ""));
  expect_read();
  write(deflated, nested(100, "SQ"));
  expect_read();
}

TEST_F(NestedSequences, TenThousandOfUndefinedLengthAreRefused) {
  write(explicit_little, nested(10'000, "SQ"));
  expect_refused();
}

TEST_F(NestedSequences, TenThousandOfDefinedLengthAreRefused) {
  write(explicit_little, nested_with_lengths(10'000));
  expect_refused();
}

TEST_F(NestedSequences, TenThousandOfImplicitOrUnknownRepresentationAreRefused) {
  write(implicit_little, nested(10'000, ""));
  expect_refused();
  write(explicit_little, nested_in_unknown(10'000));
  expect_refused();
}

TEST_F(NestedSequences, TenThousandThatWereDeflatedAreRefused) {
  write(deflated, nested(10'000, "SQ"));
  expect_refused();
}

TEST_F(NestedSequences, TenThousandThatNeverEndAreRefused) {
  const std::string whole = nested(10'000, "SQ");
  write(explicit_little, "");
  const std::string good = test::contents(path_);
  test::write_contents(path_, good + whole.substr(0, whole.size() / 2));
  expect_refused();
}

}  // namespace
