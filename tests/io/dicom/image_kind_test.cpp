#include "io/dicom/image_kind.h"

#include <gtest/gtest.h>

namespace {

std::string skip_code(const io::ImageKind& kind) {
  const auto reason = io::why_skipped(kind);
  return reason ? reason->code : "";
}

TEST(ImageKind, TakesAxialCt) {
  EXPECT_EQ(skip_code({.modality = "CT", .image_type = {"ORIGINAL", "PRIMARY", "AXIAL"}, .photometric = "MONOCHROME2"}),
            "");
  EXPECT_EQ(skip_code({.modality = "CT"}), "") << "the challenge's files have no ImageType";
  EXPECT_EQ(skip_code({.modality = "CT", .image_type = {"DERIVED", "PRIMARY", "AXIAL"}}), "") << "lossy copies";
  EXPECT_EQ(skip_code({.modality = "CT", .rescale_type = "HU"}), "");
  EXPECT_EQ(skip_code({.modality = "", .sop_class = "1.2.840.10008.5.1.4.1.1.2"}), "");
}

TEST(ImageKind, SkipsWhatIsNoSlice) {
  EXPECT_EQ(skip_code({.modality = "MR"}), "not_ct");
  EXPECT_EQ(skip_code({}), "not_ct");
  EXPECT_EQ(skip_code({.modality = "CT", .image_type = {"ORIGINAL", "PRIMARY", "LOCALIZER"}}), "localizer");
  EXPECT_EQ(skip_code({.modality = "CT", .image_type = {"DERIVED", "SECONDARY", "OTHER"}}), "secondary");
  EXPECT_EQ(skip_code({.modality = "CT", .sop_class = "1.2.840.10008.5.1.4.1.1.7"}), "secondary");
  EXPECT_EQ(skip_code({.modality = "CT", .image_type = {"DERIVED", "PRIMARY", "PERFUSION", "RCBF"}}), "derived_map");
  EXPECT_EQ(skip_code({.modality = "CT", .image_type = {"DERIVED", "PRIMARY", "AXIAL", "Tmax"}}), "derived_map");
  EXPECT_EQ(skip_code({.modality = "CT", .rescale_type = "MGML"}), "derived_map");
  EXPECT_EQ(skip_code({.modality = "CT", .photometric = "RGB", .samples_per_pixel = 3}), "colour");
  EXPECT_EQ(skip_code({.modality = "CT", .photometric = "PALETTE COLOR"}), "colour");
}

TEST(ImageKind, KnowsTheSharpKernelsOfTheMakers) {
  for (const char* kernel :
       {"BONE", "BONEPLUS", "EDGE", "H60s", "H70h", "Hr60f", "J70h", "B80s", "FC30", "FC81", "YD"}) {
    EXPECT_TRUE(io::is_bone_kernel(kernel, "")) << kernel;
  }
  for (const char* kernel : {"", "STANDARD", "STD+", "SOFT", "H31s", "H40s", "Hr40f", "J30s", "FC21", "FC26", "FC43",
                             "UB", "UA", "11", "B"}) {
    EXPECT_FALSE(io::is_bone_kernel(kernel, "")) << kernel;
  }
  EXPECT_TRUE(io::is_bone_kernel("", "HEAD 5.0 Bone"));
  EXPECT_FALSE(io::is_bone_kernel("", "HEAD 5.0 Brain"));
}

TEST(ImageKind, ContrastNeedsAnAgent) {
  EXPECT_TRUE(io::names_contrast_agent("ISOVUE300/100"));
  EXPECT_FALSE(io::names_contrast_agent(""));
  EXPECT_FALSE(io::names_contrast_agent("None"));
}

TEST(ImageKind, ThinMeansAtMostTwoMillimetres) {
  EXPECT_TRUE(io::is_thin(0.625));
  EXPECT_TRUE(io::is_thin(2));
  EXPECT_FALSE(io::is_thin(2.5));
  EXPECT_FALSE(io::is_thin(0));
}

}  // namespace
