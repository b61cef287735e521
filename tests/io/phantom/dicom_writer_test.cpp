// Synthetic files read back: by the program's own reader, element by element with DCMTK, and by dcmdump.
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include "io/dicom/dcmtk_setup.h"
#include "io/dicom/dicom_reader.h"
#include "io/phantom/dicom_writer.h"
#include "io/phantom/identity.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_directory.h"

namespace io::phantom {
namespace {

/// A small picture with air, water, tissue and dense bone.
DicomImage sample(const HeaderStyle& style) {
  DicomImage image;
  image.image_id = "ID_0fe31b044";
  image.meta_instance_uid = "9999.1234";
  image.patient_id = "ID_b83a81f1";
  image.study_uid = "ID_092266a085";
  image.series_uid = "ID_e5951b58f4";
  image.position = {-120.5F, -110.25F, 61.125F};
  image.row_direction = {1, 0, 0};
  image.column_direction = {0, 0.96592583F, -0.25881905F};
  image.pixel_mm = 0.5F;
  image.size = 32;
  image.style = style;
  image.hu.assign(32 * 32, -1000);
  for (std::size_t i = 300; i < 700; ++i) image.hu[i] = static_cast<std::int16_t>(i % 2 == 0 ? 37 : 1900);
  image.hu[500] = 0;
  return image;
}

std::vector<HeaderStyle> styles() {
  return {{.bits_stored = 16, .is_signed = true},
          {.bits_stored = 16,
           .is_signed = true,
           .six_decimals = true,
           .window_centre = "35.000000",
           .window_width = "135.000000"},
          {.bits_stored = 12, .is_signed = false, .window_centre = "00047\\00047", .window_width = "00080\\00080"},
          {.bits_stored = 16, .is_signed = false},
          {.bits_stored = 12, .is_signed = true, .intercept = 0},
          {.bits_stored = 12, .is_signed = false, .wrapped = true, .intercept = 0}};
}

TEST(PhantomDicom, EveryVariantReadsBackToTheSameHounsfieldUnits) {
  const test::TemporaryDirectory folder;
  for (const HeaderStyle& style : styles()) {
    const DicomImage image = sample(style);
    const auto path = folder / "image.dcm";
    write_dicom(path, image);
    const CtSlice slice = read_slice(path.string());
    ASSERT_EQ(slice.pixels.size(), image.hu.size());
    for (std::size_t i = 0; i < image.hu.size(); ++i) {
      ASSERT_EQ(slice.slope * slice.pixels[i] + slice.intercept, image.hu[i])
          << style.bits_stored << style.is_signed << style.wrapped;
    }
    EXPECT_EQ(slice.header.image_id, image.image_id);
    EXPECT_EQ(slice.header.patient_id, image.patient_id);
    EXPECT_NEAR((*slice.header.position)[2], 61.125, 1e-6);
    EXPECT_NEAR((*slice.header.orientation)[1][2], -0.258819, 1e-6);
    const auto& reasons = slice.header.reasons;
    const bool unwrapped =
        std::any_of(reasons.begin(), reasons.end(), [](const Reason& r) { return r.code == fix::unwrapped; });
    EXPECT_EQ(unwrapped, style.wrapped);
  }
}

TEST(PhantomDicom, PaddingOutsideTheScannedCircleIsMinus2000) {
  HeaderStyle style;
  const DicomImage image = sample(style);
  const auto padded = stored_pixels(image.hu, image.size, style, true);
  EXPECT_EQ(static_cast<std::int16_t>(padded[0]), -2000);
  EXPECT_EQ(static_cast<std::int16_t>(padded[16 * 32 + 16]), image.hu[16 * 32 + 16] + 1024);
  style.is_signed = false;  // cannot hold it
  EXPECT_EQ(stored_pixels(image.hu, image.size, style, true)[0], 24);
}

TEST(PhantomDicom, HoldsThe22ElementsOfTheChallengeAndNoOthers) {
  const test::TemporaryDirectory folder;
  prepare_dcmtk();
  write_dicom(folder / "image.dcm", sample({}));
  DcmFileFormat dicom;
  ASSERT_TRUE(dicom.loadFile((folder / "image.dcm").c_str()).good());
  const std::vector<DcmTagKey> expected = {DCM_SOPInstanceUID,
                                           DCM_Modality,
                                           DCM_PatientID,
                                           DCM_StudyInstanceUID,
                                           DCM_SeriesInstanceUID,
                                           DCM_StudyID,
                                           DCM_ImagePositionPatient,
                                           DCM_ImageOrientationPatient,
                                           DCM_SamplesPerPixel,
                                           DCM_PhotometricInterpretation,
                                           DCM_Rows,
                                           DCM_Columns,
                                           DCM_PixelSpacing,
                                           DCM_BitsAllocated,
                                           DCM_BitsStored,
                                           DCM_HighBit,
                                           DCM_PixelRepresentation,
                                           DCM_WindowCenter,
                                           DCM_WindowWidth,
                                           DCM_RescaleIntercept,
                                           DCM_RescaleSlope,
                                           DCM_PixelData};
  DcmDataset& data = *dicom.getDataset();
  ASSERT_EQ(data.card(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(data.getElement(i)->getTag() == expected[i]) << i;
  OFString in_meta, in_data;
  dicom.getMetaInfo()->findAndGetOFString(DCM_MediaStorageSOPInstanceUID, in_meta);
  data.findAndGetOFString(DCM_SOPInstanceUID, in_data);
  EXPECT_STREQ(in_meta.c_str(), "9999.1234");  // another name than the data set's, as in the challenge
  EXPECT_STREQ(in_data.c_str(), "ID_0fe31b044");
}

TEST(PhantomDicom, DcmdumpReadsTheFile) {
  if (std::system("command -v dcmdump > /dev/null") != 0) GTEST_SKIP() << "dcmdump is not installed";
  const test::TemporaryDirectory folder;
  write_dicom(folder / "image.dcm", sample({}));
  const std::string command =
      "dcmdump '" + (folder / "image.dcm").string() + "' > '" + (folder / "dump").string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(std::system(("grep -q ID_0fe31b044 '" + (folder / "dump").string() + "'").c_str()), 0);
}

TEST(PhantomDicom, AFolderThatIsNotThereIsNamed) {
  try {
    write_dicom("/nowhere/image.dcm", sample({}));
    FAIL() << "wrote to a folder that is not there";
  } catch (const nn::Error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/image.dcm"), std::string::npos);
  }
}

TEST(PhantomDicom, AFullDiskIsAnErrorAndLeavesNoFile) {
  const test::TemporaryDirectory folder;
  const auto path = folder / "image.dcm";
  // 32 x 32 pixels are 2 KiB, which fit a buffer of DCMTK's: the disk is found full only as the file is closed.
  const std::string error = test::error_with_file_size_limit(1024, [&] { write_dicom(path, sample({})); });
  EXPECT_NE(error.find(path.string()), std::string::npos) << error;
  EXPECT_NE(error.find("File too large"), std::string::npos) << error;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PhantomHeader, AllVariantsOfTheChallengeOccur) {
  std::set<std::pair<int, bool>> pixels;
  std::set<std::string> centres;
  int wrapped = 0, six_decimals = 0;
  for (std::uint64_t patient = 0; patient < 300; ++patient) {
    const HeaderStyle style = draw_header_style(1, patient);
    pixels.insert({style.bits_stored, style.is_signed});
    centres.insert(style.window_centre);
    wrapped += style.wrapped ? 1 : 0;
    six_decimals += style.six_decimals ? 1 : 0;
  }
  EXPECT_EQ(pixels.size(), 4U);
  EXPECT_TRUE(centres.count("00040\\00040") == 1 && centres.count("40") == 1 && centres.count("40.000000") == 1);
  EXPECT_GT(wrapped, 15);
  EXPECT_LT(wrapped, 60);
  EXPECT_GT(six_decimals, 100);
}

TEST(PhantomHeader, NumbersAreWrittenInTheSitesWay) {
  EXPECT_EQ(decimal_string(107.5, {}), "107.5");
  EXPECT_EQ(decimal_string(-1024, {}), "-1024");
  EXPECT_EQ(decimal_string(-0.0, {}), "0");
  EXPECT_EQ(decimal_string(-1024, {.six_decimals = true}), "-1024.000000");
}

TEST(PhantomIdentity, NamesAreUniqueAndTellNoOrder) {
  std::set<std::string> names;
  int ascending = 0;
  std::string before;
  for (std::uint64_t number = 0; number < 20000; ++number) {
    const std::string name = image_id(7, number);
    EXPECT_EQ(name.size(), 12U);
    ascending += name > before ? 1 : 0;
    before = name;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 20000U);
  EXPECT_NEAR(ascending, 10000, 300);  // a random order: four standard errors are 164
  EXPECT_NE(image_id(7, 1), image_id(8, 1));
}

}  // namespace
}  // namespace io::phantom
