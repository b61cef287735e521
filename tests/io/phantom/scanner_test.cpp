// Geometry, partial volume, blur and noise of the synthetic scanner.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "io/phantom/blood_mask.h"
#include "io/phantom/detector.h"
#include "io/phantom/renderer.h"
#include "io/phantom/scan.h"

namespace io::phantom {
namespace {

const NoiseTile& noise() {
  static const NoiseTile tile(3);
  return tile;
}

TEST(PhantomScan, PositionsOfSlicesLieOnALineAlongTheTable) {
  Site site;
  site.gantry_tilt = 15;
  const Scan scan = draw_scan(1, 0, site, Patient{}, 128, 10);
  const PictureAxes picture = axes(scan);
  EXPECT_NEAR(dot(picture.row, picture.column), 0, 1e-6);
  EXPECT_NEAR(dot(picture.column, picture.normal), 0, 1e-6);
  EXPECT_GT(picture.normal.z, 0.9F);  // toward the head
  const Point step = first_pixel(scan, 4) - first_pixel(scan, 3);
  EXPECT_FLOAT_EQ(step.x, 0);
  EXPECT_NEAR(step.y, 0, 1e-5);
  EXPECT_NEAR(step.z, scan.spacing_mm, 1e-4);
}

TEST(PhantomScan, ThePoseIsARotationAroundTheMiddleOfTheHead) {
  Scan scan;
  scan.rotation = {0.2F, -0.1F, 0.3F};
  scan.offset = {5, -3, 0};
  const HeadPose pose(scan);
  EXPECT_LT(length(pose.to_patient({5, -3, 0}) - head_middle), 1e-4F);
  const Point a = pose.direction_to_patient({1, 0, 0}), b = pose.direction_to_patient({0, 1, 0});
  EXPECT_NEAR(length(a), 1, 1e-5);
  EXPECT_NEAR(dot(a, b), 0, 1e-5);
}

TEST(PhantomScan, StudiesDifferInFieldOfViewTiltRollAndOffset) {
  bool tilted = false, straight = false;
  float narrow = 1000, wide = 0, left = 0, right = 0;
  for (std::uint64_t study = 0; study < 60; ++study) {
    const Scan scan = draw_scan(2, study, draw_site(2, study), Patient{}, 512, 24);
    (scan.site.gantry_tilt > 0 ? tilted : straight) = true;
    narrow = std::min(narrow, scan.field_of_view), wide = std::max(wide, scan.field_of_view);
    left = std::min(left, scan.rotation.z), right = std::max(right, scan.rotation.z);
    EXPECT_LE(scan.thickness_mm, scan.spacing_mm);
  }
  EXPECT_TRUE(tilted && straight);
  EXPECT_GT(wide - narrow, 30);
  EXPECT_LT(left, -0.1F);
  EXPECT_GT(right, 0.1F);
}

struct Rendering {
  Patient patient = draw_patient(1, 2);
  Scan scan = draw_scan(1, 8, draw_site(1, 2), patient, 128, 24);
  Hemorrhages none;
  RenderedSlice slice = Renderer(patient, scan, none, noise()).render(13);
};

TEST(PhantomRenderer, VoxelsAtEdgesAverageWhatTheyHold) {
  const Rendering r;
  int bone_edges = 0;
  for (const float hu : r.slice.hu) bone_edges += hu > 120 && hu < 400 ? 1 : 0;
  EXPECT_GT(bone_edges, 100);  // a ring around the brain and one around the skull
}

TEST(PhantomRenderer, BrainWithoutBleedHasTheMedianOfRealBrains) {
  for (std::uint64_t number = 0; number < 6; ++number) {
    const Patient patient = draw_patient(1, number);
    const Scan scan = draw_scan(1, number * 4, draw_site(1, number), patient, 128, 24);
    const RenderedSlice slice = Renderer(patient, scan, {}, noise()).render(14);
    std::vector<float> inside;
    for (std::size_t i = 0; i < slice.hu.size(); ++i) {
      if (slice.inside_skull[i] == 1) inside.push_back(slice.hu[i]);
    }
    std::nth_element(inside.begin(), inside.begin() + static_cast<std::ptrdiff_t>(inside.size() / 2), inside.end());
    const float median = inside[inside.size() / 2];
    EXPECT_GE(median, 26) << number;
    EXPECT_LE(median, 38) << number;
  }
}

TEST(PhantomDetector, NoiseHasUnitVarianceAndGrains) {
  const std::vector<float> grains = grainy_noise(128, 1.0F, 1, 2);
  double power = 0, neighbour = 0, far = 0;
  for (std::size_t i = 0; i + 9 < grains.size(); ++i) {
    const auto at = static_cast<double>(grains[i]);
    power += at * at;
    neighbour += at * static_cast<double>(grains[i + 1]);
    far += at * static_cast<double>(grains[i + 9]);
  }
  EXPECT_NEAR(power / static_cast<double>(grains.size()), 1, 1e-2);
  EXPECT_GT(neighbour / power, 0.4);
  EXPECT_NEAR(far / power, 0, 0.06);
  EXPECT_EQ(grains, grainy_noise(128, 1.0F, 1, 2));
  EXPECT_NE(grains, grainy_noise(128, 1.0F, 1, 3));
}

TEST(PhantomDetector, NoiseInsideTheSkullIsWhatRealScannersHave) {
  Rendering r;
  for (const float sigma : {2.0F, 4.0F}) {
    r.scan.site.noise_hu = sigma;
    const auto a = detect(r.slice, r.scan, 1, 10), b = detect(r.slice, r.scan, 1, 11);
    double square = 0, count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (r.slice.inside_skull[i] < 1) continue;
      square += (a[i] - b[i]) * (a[i] - b[i]);
      ++count;
    }
    const double measured = std::sqrt(square / count / 2);
    EXPECT_NEAR(measured, sigma, 0.15 * sigma);  // rounding to whole HU and faint streaks add to it
    EXPECT_GE(measured, 1.9);
    EXPECT_LE(measured, 4.4);
  }
}

TEST(PhantomMask, CountsPixelsThatAreAtLeastHalfBlood) {
  RenderedSlice slice;
  slice.hu.assign(4, 0);
  slice.blood[0] = {0.5F, 0.25F, 0.375F, 0};
  slice.blood[3] = {0, 0.125F, 0.5F, 0};
  const BloodMask mask = make_blood_mask(slice, 4);
  EXPECT_EQ(mask.pixels, (std::vector<std::uint8_t>{1, 0, 4, 0}));
  EXPECT_FLOAT_EQ(mask.area_mm2[0], 16);
  EXPECT_FLOAT_EQ(mask.area_mm2[3], 16);
  EXPECT_FALSE(mask.any());  // 16 mm^2 are less than 30
  EXPECT_TRUE(make_blood_mask(slice, 6).positive(3));
}

}  // namespace
}  // namespace io::phantom
