// Odd, broken and hostile files: each is read or refused with a reason; none crashes, and DCMTK stays silent.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "io/dicom/dicom_reader.h"
#include "io/dicom/series.h"
#include "tests/io/dicom/dicom_file.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

/// True if the slice was read; a refusal must say why in one line.
bool try_to_read(const std::filesystem::path& path) {
  try {
    const io::CtSlice slice = io::read_slice(path.string());
    EXPECT_EQ(slice.pixels.size(),
              static_cast<std::size_t>(slice.header.rows) * static_cast<std::size_t>(slice.header.columns));
    return true;
  } catch (const io::FileRejected& error) {
    EXPECT_FALSE(error.code().empty() || error.detail().empty()) << path;
    EXPECT_EQ(error.detail().find('\n'), std::string::npos) << path;
    return false;
  }
}

TEST(DicomRobustness, EveryLengthOfABrokenOffFileIsRefused) {
  const test::TemporaryDirectory directory;
  for (const char* syntax : {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90"}) {
    test::write_dicom(directory / "whole.dcm", {.transfer_syntax = syntax});
    const std::string whole = test::contents(directory / "whole.dcm");
    for (std::size_t length = 0; length < whole.size(); length += 7) {
      std::ofstream(directory / "cut.dcm", std::ios::binary) << whole.substr(0, length);
      EXPECT_FALSE(try_to_read(directory / "cut.dcm")) << syntax << " of " << length << " bytes";
    }
  }
}

TEST(DicomRobustness, FlippedBytesNeverCrash) {
  const test::TemporaryDirectory directory;
  test::write_dicom(directory / "whole.dcm", {.rows = 8, .columns = 8});
  const std::string whole = test::contents(directory / "whole.dcm");
  std::uint32_t state = 7;
  const auto random = [&](std::size_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8) % below;
  };
  int read = 0, refused = 0;
  for (int run = 0; run < 600; ++run) {
    std::string broken = whole;
    for (int i = 0; i < 3; ++i) broken[128 + random(broken.size() - 128)] = static_cast<char>(random(256));
    std::ofstream(directory / "broken.dcm", std::ios::binary) << broken;
    ++(try_to_read(directory / "broken.dcm") ? read : refused);
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

TEST(DicomRobustness, NothingIsPrinted) {
  const test::TemporaryDirectory directory;
  test::write_dicom(directory / "whole.dcm", {.transfer_syntax = "1.2.840.10008.1.2.4.70"});
  const std::string whole = test::contents(directory / "whole.dcm");
  std::ofstream(directory / "cut.dcm", std::ios::binary) << whole.substr(0, whole.size() - 20);
  std::ofstream(directory / "header.dcm", std::ios::binary) << whole.substr(0, 300);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  for (const char* name : {"whole.dcm", "cut.dcm", "header.dcm"}) try_to_read(directory / name);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(DicomRobustness, EveryOddFileOfPydicomIsReadOrRefused) {
  const auto folder = test::shared_data("dicom/pydicom-test-files");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int files = 0, read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    read += try_to_read(entry.path());
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GE(files, 195);
  EXPECT_EQ(read, 12);  // CT_small, two of JPEG 2000, and the 9 CT slices of dicomdirtests
}

TEST(DicomRobustness, PydicomsFolderScansIntoItsSeries) {
  const auto folder = test::shared_data("dicom/pydicom-test-files");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const io::Scan found = io::scan(folder.string());
  EXPECT_EQ(found.slices() + found.rejected.size(), found.files);
  std::map<std::string, int> count;
  for (const io::RejectedFile& row : found.rejected) ++count[row.code];
  EXPECT_EQ(count["localizer"], 2);
  EXPECT_EQ(count["no_pixel_data"], 50);
  EXPECT_EQ(count["dicomdir"], 8);
  EXPECT_EQ(count["decode_failed"], 0);
}

}  // namespace
