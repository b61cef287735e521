#include "io/files/weight_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/files/atomic_file.h"
#include "io/files/file_hash.h"
#include "io/files/md5.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"

namespace {

using io::WeightFormat;
using testing::HasSubstr;
using namespace std::string_literals;

const std::string hdf5_start = "\x89HDF\r\n\x1a\n";

WeightFormat format_of(const std::string& bytes) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "weights", bytes);
  return io::weight_format(directory / "weights");
}

std::string refusal_of(const std::string& bytes) {
  const std::string what = test::error_of([&] { format_of(bytes); });
  EXPECT_THAT(what, HasSubstr("weights: "));
  EXPECT_EQ(what.find('\n'), std::string::npos) << "one line";
  return what;
}

TEST(WeightFormat, TellsTheFormatsApart) {
  EXPECT_EQ(format_of("\x08\0\0\0\0\0\0\0{      }"s), WeightFormat::safetensors);
  EXPECT_EQ(format_of(hdf5_start), WeightFormat::hdf5);
  EXPECT_EQ(format_of(std::string(512, '\0') + hdf5_start), WeightFormat::hdf5) << "after a user block";
}

TEST(WeightFormat, CanBeAskedForWithoutAnError) {
  const test::TemporaryDirectory directory;
  const auto ask = [&](const std::string& bytes) {
    io::write_file_atomically(directory / "file", bytes);
    return std::pair(io::find_weight_format(directory / "file"), io::why_no_weights(directory / "file"));
  };
  EXPECT_EQ(ask(hdf5_start).first, WeightFormat::hdf5);
  EXPECT_EQ(ask("epoch,train_loss\n"), std::pair(std::optional<WeightFormat>(), ""s));
  EXPECT_EQ(ask("").first, std::nullopt);
  EXPECT_EQ(ask("").second, "is empty; fetch it again");
}

TEST(WeightFormat, SaysWhatElseAFileIsAndWhatToDo) {
  EXPECT_THAT(refusal_of("\x80\x02\x8a\nl\xfc"), HasSubstr("Python pickle"));
  EXPECT_THAT(refusal_of("\x80\x02\x8a\nl\xfc"), HasSubstr("safetensors.torch.save_file"));
  EXPECT_THAT(refusal_of("PK\x03\x04 archive/data.pkl"), HasSubstr(".pth"));
  EXPECT_THAT(refusal_of("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(refusal_of("\n <!DOCTYPE html><html>"), HasSubstr("web page"));
  EXPECT_THAT(refusal_of("<html lang=en>"), HasSubstr("web page"));
  EXPECT_THAT(refusal_of("{\"error\": \"not found\"}"), HasSubstr("JSON"));
  EXPECT_THAT(refusal_of("\x1f\x8b\x08"), HasSubstr("gzip"));
  EXPECT_THAT(refusal_of(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal_of("something else"), HasSubstr("neither a .safetensors nor"));
  EXPECT_THAT(refusal_of("\x08\0\0\0"s), HasSubstr("neither a .safetensors nor"));
}

TEST(WeightFormat, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(test::error_of([] { io::weight_format("/no/such"); }),
            "/no/such: cannot read it: No such file or directory");
  EXPECT_THAT(test::error_of([] { io::weight_format("/tmp"); }), HasSubstr("is a directory"));
}

// RFC 1321, A.5.
TEST(Md5, GivesTheDigestsOfItsStandard) {
  const auto digest = [](std::string_view text) {
    io::Md5 md5;
    for (const char c : text) md5.update({&c, 1});
    return md5.hex_digest();
  };
  EXPECT_EQ(digest(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(digest("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(digest("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
  EXPECT_EQ(digest(std::string(56, 'a')), "3b0c8ac703f828b04c6c197006d17218") << "md5sum's";
  EXPECT_EQ(digest(std::string(64, 'a')), "014842d480b571495a4a0363793f7367") << "md5sum's";
}

TEST(FileHash, IsThatOfTheWholeFile) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "a", "abc");
  const io::FileHash hash = io::hash_file(directory / "a");
  EXPECT_EQ(hash.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash.md5, "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_THAT(test::error_of([&] { io::hash_file(directory / "absent"); }), HasSubstr("absent: cannot read it"));
}

}  // namespace
