#include "io/dicom/dicom_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/io/dicom/dicom_file.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

using io::RejectedFile;
using test::DicomFile;

bool has(const io::SliceHeader& header, const char* code) {
  return std::any_of(header.reasons.begin(), header.reasons.end(),
                     [&](const io::Reason& reason) { return reason.code == code; });
}

class DicomReader : public testing::Test {
 protected:
  std::string write(const DicomFile& file) {
    test::write_dicom(path(), file);
    return path();
  }
  std::string path() const { return (directory_ / "slice.dcm").string(); }

  /// Both readers must refuse; returns what the table of rejected files says.
  static RejectedFile refusal(const std::string& path) {
    RejectedFile row;
    EXPECT_THROW(io::read_slice(path), io::FileRejected);
    try {
      io::read_header(path);
      ADD_FAILURE() << "read_header took the file";
    } catch (const io::FileRejected& error) {
      row = error.row();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
      EXPECT_EQ(std::string(error.what()).find("PATIENT"), std::string::npos) << "identifies the patient";
    }
    return row;
  }
  RejectedFile refusal_of(const DicomFile& file) { return refusal(write(file)); }

  test::TemporaryDirectory directory_;
};

TEST_F(DicomReader, ReadsWhatTheHeaderSays) {
  const io::SliceHeader header = io::read_header(write({}));
  EXPECT_EQ(header.path, path());
  EXPECT_EQ(header.file, "slice.dcm");
  EXPECT_EQ(header.image_id, "1.2.3.4.5");
  EXPECT_EQ(header.series_uid, "1.2.3.4");
  EXPECT_EQ(header.study_uid, "1.2.3");
  EXPECT_EQ(header.patient_id, "PATIENT");
  EXPECT_EQ(header.modality, "CT");
  EXPECT_EQ(header.transfer_syntax, "1.2.840.10008.1.2.1");
  EXPECT_EQ(header.rows, 4);
  EXPECT_EQ(header.columns, 6);
  EXPECT_EQ(header.pixel_spacing, (std::array<double, 2>{0.5, 0.4}));
  EXPECT_EQ(header.position, (io::Vector3{-100, -120, 30}));
  EXPECT_EQ(header.position_mm, 30);
  EXPECT_EQ(header.acquisition_number, 1);
  EXPECT_EQ(header.instance_number, 1);
  EXPECT_EQ(header.slice_thickness, 5);
  ASSERT_EQ(header.windows.size(), 1U);
  EXPECT_EQ(header.windows[0].centre, 40);
  EXPECT_EQ(header.windows[0].width, 80);
  EXPECT_FALSE(header.contrast || header.bone_kernel || header.thin_slice || header.lossy);
  EXPECT_TRUE(header.reasons.empty());
}

TEST_F(DicomReader, ReadsPixelsOfAnySize) {
  for (const auto& [rows, columns] : {std::pair(4, 6), {1, 1}, {3, 5}, {640, 512}}) {
    std::vector<int> values = test::counting(rows * columns);
    for (int& value : values) value %= 4096;
    const io::CtSlice slice = io::read_slice(write({.rows = rows, .columns = columns, .values = values}));
    ASSERT_EQ(slice.pixels.size(), values.size());
    EXPECT_TRUE(std::equal(values.begin(), values.end(), slice.pixels.begin())) << rows << " x " << columns;
    EXPECT_EQ(slice.slope, 1);
    EXPECT_EQ(slice.intercept, -1024);
  }
}

TEST_F(DicomReader, ReadsTheFourVariantsOfTheChallenge) {
  for (const int bits : {12, 16}) {
    for (const bool is_signed : {false, true}) {
      const int air = is_signed ? -1000 : 24, intercept = is_signed ? 0 : -1024;
      DicomFile file{.rows = 2,
                     .columns = 2,
                     .values = {air, air + 1040, air, air + 1000},
                     .bits_stored = bits,
                     .is_signed = is_signed};
      file.elements[{0x0028, 0x1052}] = std::to_string(intercept);
      const io::CtSlice slice = io::read_slice(write(file));
      std::vector<double> hu;
      for (const auto value : slice.pixels) hu.push_back(slice.slope * value + slice.intercept);
      EXPECT_EQ(hu, (std::vector<double>{-1000, 40, -1000, 0})) << bits << (is_signed ? " signed" : " unsigned");
    }
  }
}

TEST_F(DicomReader, ReadsEightBits) {
  const io::CtSlice slice = io::read_slice(write({.rows = 3, .columns = 3, .bits_allocated = 8, .bits_stored = 8}));
  EXPECT_EQ(slice.pixels, (std::vector<std::int16_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(DicomReader, TakesStringUids) {
  const io::SliceHeader header = io::read_header(write(
      {.elements = {{{0x0008, 0x0018}, "ID_0fe31b044"}, {{0x0020, 0x000e}, "ID_123"}, {{0x0020, 0x000d}, "ID_456"}}}));
  EXPECT_EQ(header.image_id, "ID_0fe31b044");
  EXPECT_EQ(header.series_uid, "ID_123");
  EXPECT_EQ(header.study_uid, "ID_456");
  EXPECT_TRUE(has(header, io::fix::string_uid));
}

TEST_F(DicomReader, ReadsWindowsOfEveryForm) {
  auto windows = [&](const char* centre, const char* width) {
    return io::read_header(write({.elements = {{{0x0028, 0x1050}, centre}, {{0x0028, 0x1051}, width}}}));
  };
  const auto two = windows("00040\\00600", "00080\\02800");
  ASSERT_EQ(two.windows.size(), 2U);
  EXPECT_EQ(two.windows[0].centre, 40);
  EXPECT_EQ(two.windows[0].width, 80);
  EXPECT_EQ(two.windows[1].centre, 600);
  EXPECT_EQ(two.windows[1].width, 2800);
  EXPECT_TRUE(has(two, io::fix::several_windows));
  EXPECT_EQ(windows(" 35.000000", "135.000000 ").windows[0].width, 135);
  EXPECT_EQ(windows("+3.5e1", "80").windows[0].centre, 35);
  EXPECT_TRUE(windows("", "").windows.empty());
  EXPECT_TRUE(windows("none", "80").windows.empty());
}

TEST_F(DicomReader, AssumesWhatMayBeMissing) {
  const DicomFile file{.without = {{0x0020, 0x0032},
                                   {0x0020, 0x0037},
                                   {0x0028, 0x0030},
                                   {0x0020, 0x0013},
                                   {0x0020, 0x0012},
                                   {0x0028, 0x1050},
                                   {0x0028, 0x1051},
                                   {0x0028, 0x1052},
                                   {0x0028, 0x1053},
                                   {0x0018, 0x0050},
                                   {0x0008, 0x0008},
                                   {0x0028, 0x0002},
                                   {0x0028, 0x0004},
                                   {0x0028, 0x0102},
                                   {0x0010, 0x0020},
                                   {0x0020, 0x000d},
                                   {0x0020, 0x000e},
                                   {0x0028, 0x0101},
                                   {0x0028, 0x0103}}};
  const io::CtSlice slice = io::read_slice(write(file));
  EXPECT_EQ(slice.slope, 1);
  EXPECT_EQ(slice.intercept, 0);
  EXPECT_EQ(slice.pixels.back(), 23);
  EXPECT_FALSE(slice.header.position || slice.header.orientation || slice.header.pixel_spacing);
  for (const char* code :
       {io::fix::no_position, io::fix::no_orientation, io::fix::no_pixel_spacing, io::fix::no_rescale_intercept,
        io::fix::no_rescale_slope, io::fix::default_element, io::fix::no_series_uid, io::fix::no_study_uid}) {
    EXPECT_TRUE(has(slice.header, code)) << code;
  }
}

TEST_F(DicomReader, RefusesWithoutWhatItCannotAssume) {
  EXPECT_EQ(refusal_of({.without = {{0x0028, 0x0010}}}).code, "missing_element");
  EXPECT_EQ(refusal_of({.without = {{0x0028, 0x0011}}}).detail, "Columns is missing");
  EXPECT_EQ(refusal_of({.without = {{0x0028, 0x0100}}}).code, "missing_element");
  EXPECT_EQ(refusal_of({.without = {{0x0008, 0x0060}, {0x0008, 0x0016}}}).code, "missing_element");
  EXPECT_EQ(io::read_header(write({.without = {{0x0008, 0x0060}}})).modality, "CT");
}

TEST_F(DicomReader, RefusesNumbersThatCannotBe) {
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x1053}, "0"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x1053}, "1e39"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x1052}, "-1e39"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x0010}, "0"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x0010}, "65535"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x0101}, "17"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x0102}, "3"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x0103}, "2"}}}).code, "bad_element");
  EXPECT_EQ(refusal_of({.elements = {{{0x0028, 0x0100}, "32"}}}).code, "unsupported_bits");
}

TEST_F(DicomReader, SkipsWhatIsNoAxialSlice) {
  const auto skipped = [&](const DicomFile& file) {
    const RejectedFile row = refusal_of(file);
    EXPECT_EQ(row.kind, RejectedFile::Kind::skipped);
    return row.code;
  };
  EXPECT_EQ(skipped({.elements = {{{0x0008, 0x0060}, "MR"}}}), "not_ct");
  EXPECT_EQ(skipped({.elements = {{{0x0008, 0x0008}, "ORIGINAL\\PRIMARY\\LOCALIZER"}}}), "localizer");
  EXPECT_EQ(skipped({.elements = {{{0x0008, 0x0008}, "DERIVED\\SECONDARY"}}}), "secondary");
  EXPECT_EQ(skipped({.elements = {{{0x0028, 0x0002}, "3"}, {{0x0028, 0x0004}, "RGB"}}}), "colour");
  EXPECT_EQ(skipped({.elements = {{{0x0020, 0x0037}, "1\\0\\0\\0\\0\\-1"}}}), "tilted");
  EXPECT_EQ(skipped({.elements = {{{0x0020, 0x0037}, "0\\1\\0\\0\\0\\-1"}}}), "tilted");
}

TEST_F(DicomReader, RefusesMultiFrameClearly) {
  DicomFile file{.values = test::counting(48), .elements = {{{0x0028, 0x0008}, "2"}}};
  const RejectedFile row = refusal_of(file);
  EXPECT_EQ(row.kind, RejectedFile::Kind::rejected);
  EXPECT_EQ(row.code, "multi_frame");
  EXPECT_EQ(row.detail, "is a multi-frame file (2 frames): export it as one file a slice");
  EXPECT_NO_THROW(io::read_slice(write({.elements = {{{0x0028, 0x0008}, "1"}}})));
}

TEST_F(DicomReader, CountsTheBytesOfATruncatedFile) {
  const std::string whole = write({.rows = 64, .columns = 64});
  const std::size_t size = std::filesystem::file_size(whole);
  const std::string cut = (directory_ / "cut.dcm").string();
  test::write_beginning(whole, cut, size - 5000);
  const RejectedFile row = refusal(cut);
  EXPECT_EQ(row.kind, RejectedFile::Kind::rejected);
  EXPECT_EQ(row.code, "truncated");
  EXPECT_EQ(row.detail, "pixel data are cut off: expected 8192 bytes, found 3192");
}

TEST_F(DicomReader, CountsTheBytesOfATruncatedFileInOtherSyntaxes) {
  for (const char* syntax : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.2"}) {
    const std::string whole = write({.rows = 64, .columns = 64, .transfer_syntax = syntax});
    const std::string cut = (directory_ / "cut.dcm").string();
    test::write_beginning(whole, cut, std::filesystem::file_size(whole) - 8000);
    EXPECT_EQ(refusal(cut).detail, "pixel data are cut off: expected 8192 bytes, found 192") << syntax;
  }
}

TEST_F(DicomReader, RefusesFewerPixelsThanTheHeaderSays) {
  DicomFile file{.rows = 4, .columns = 6, .values = test::counting(20)};
  EXPECT_EQ(refusal_of(file).detail, "pixel data are cut off: expected 48 bytes, found 40");
}

TEST_F(DicomReader, IgnoresBytesAfterThePixels) {
  const io::CtSlice slice = io::read_slice(write({.rows = 4, .columns = 6, .values = test::counting(30)}));
  EXPECT_EQ(slice.pixels.size(), 24U);
  EXPECT_TRUE(has(slice.header, io::fix::extra_bytes));
}

TEST_F(DicomReader, RefusesAFileWithoutPixels) {
  EXPECT_EQ(refusal_of({.without = {{0x7fe0, 0x0010}}}).code, "no_pixel_data");
}

TEST_F(DicomReader, NamesWhatIsNoDicom) {
  const std::string table = (directory_ / "labels.csv").string(), fake = (directory_ / "fake.dcm").string();
  std::ofstream(table) << "ID,Label\nID_000012eaf_any,0\n";
  std::ofstream(fake) << "ID,Label\nID_000012eaf_any,0\n";
  std::ofstream(directory_ / "empty.dcm") << "";
  EXPECT_EQ(refusal(table).code, "not_dicom");
  EXPECT_EQ(refusal(table).kind, RejectedFile::Kind::skipped);
  EXPECT_EQ(refusal(fake).code, "not_dicom");
  EXPECT_EQ(refusal(fake).kind, RejectedFile::Kind::rejected);
  EXPECT_EQ(refusal((directory_ / "empty.dcm").string()).code, "not_dicom");
  EXPECT_EQ(refusal((directory_ / "absent.dcm").string()).detail, "no such file");
  EXPECT_EQ(refusal(directory_.path().string()).code, "unreadable");
}

TEST_F(DicomReader, TurnsPronePicturesUpright) {
  const io::CtSlice slice =
      io::read_slice(write({.rows = 2, .columns = 3, .elements = {{{0x0020, 0x0037}, "-1\\0\\0\\0\\-1\\0"}}}));
  EXPECT_EQ(slice.pixels, (std::vector<std::int16_t>{5, 4, 3, 2, 1, 0}));
  EXPECT_TRUE(has(slice.header, io::fix::turned));
  EXPECT_NEAR((*slice.header.position)[0], -100 - 2 * 0.4, 1e-12);
  EXPECT_NEAR((*slice.header.position)[1], -120 - 1 * 0.5, 1e-12);
}

TEST_F(DicomReader, TransposesSidewaysPictures) {
  const io::CtSlice slice =
      io::read_slice(write({.rows = 2, .columns = 3, .elements = {{{0x0020, 0x0037}, "0\\1\\0\\1\\0\\0"}}}));
  EXPECT_EQ(slice.header.rows, 3);
  EXPECT_EQ(slice.header.columns, 2);
  EXPECT_EQ(slice.header.pixel_spacing, (std::array<double, 2>{0.4, 0.5}));
  EXPECT_EQ(slice.pixels, (std::vector<std::int16_t>{0, 3, 1, 4, 2, 5}));
}

TEST_F(DicomReader, FlagsContrastBoneThinAndLossy) {
  const io::SliceHeader header = io::read_header(write({.elements = {{{0x0018, 0x0010}, "OMNIPAQUE"},
                                                                     {{0x0018, 0x1210}, "BONE"},
                                                                     {{0x0018, 0x0050}, "1.25"},
                                                                     {{0x0028, 0x2110}, "01"}}}));
  EXPECT_TRUE(header.contrast && header.bone_kernel && header.thin_slice && header.lossy);
  EXPECT_TRUE(has(header, io::fix::lossy));
}

TEST_F(DicomReader, ReadsPaddingOfEitherVr) {
  DicomFile file{.values = std::vector<int>(24, -2000), .is_signed = true, .elements = {{{0x0028, 0x0120}, "63536"}}};
  const io::CtSlice slice = io::read_slice(write(file));
  EXPECT_TRUE(has(slice.header, io::fix::padding));
  EXPECT_EQ(slice.slope * slice.pixels[0] + slice.intercept, -1024);
}

TEST_F(DicomReader, ReadsTheFiveSlicesOfTheChallenge) {
  const auto folder = test::shared_data("dicom/rsna-ich-labelled-5");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  struct Expected {
    const char* file;
    const char* id;
    double position_mm, lowest, highest;  // the extremes computed with pydicom, clipped at -1024 HU
    std::size_t windows;
    std::vector<std::string> codes;
  };
  const std::vector<Expected> all = {
      {"ID_0fe31b044_intraparenchymal_subarachnoid", "ID_0fe31b044", 107.5, -1024, 1608, 1, {"string_uid"}},
      {"ID_1b5ac170c_intraparenchymal", "ID_1b5ac170c", 63.294, -1024, 1643, 1, {"string_uid", "below_air"}},
      {"ID_2008dd408_epidural_subarachnoid_subdural",
       "ID_2008dd408",
       150.1,
       -1024,
       1594,
       2,
       {"string_uid", "several_windows"}},
      {"ID_4f3e8c5c1_intraventricular", "ID_4f3e8c5c1", 197.009, -1024, 1557, 2, {"string_uid", "several_windows"}},
      {"ID_afb1bcdab_intraparenchymal_intraventricular",
       "ID_afb1bcdab",
       36.397,
       -1024,
       1856,
       1,
       {"string_uid", "below_air"}}};
  for (const Expected& expected : all) {
    const io::CtSlice slice = io::read_slice((folder / (std::string(expected.file) + ".dcm")).string());
    std::vector<std::string> codes;
    for (const io::Reason& reason : slice.header.reasons) codes.push_back(reason.code);
    EXPECT_EQ(slice.header.image_id, expected.id);
    EXPECT_EQ(codes, expected.codes) << expected.id;
    EXPECT_EQ(slice.header.windows.size(), expected.windows) << expected.id;
    EXPECT_NEAR(slice.header.position_mm, expected.position_mm, 1e-3) << expected.id;
    const auto [low, high] = std::minmax_element(slice.pixels.begin(), slice.pixels.end());
    EXPECT_EQ(slice.slope * *low + slice.intercept, expected.lowest) << expected.id;
    EXPECT_EQ(slice.slope * *high + slice.intercept, expected.highest) << expected.id;
  }
}

}  // namespace
