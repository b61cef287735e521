// The synthetic head: shapes, their lattice, and what lies where.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "io/phantom/brain_shape.h"
#include "io/phantom/head_fields.h"
#include "io/phantom/head_shape.h"
#include "io/phantom/patient.h"
#include "io/phantom/random_streams.h"
#include "io/phantom/shapes.h"
#include "io/phantom/tissue.h"

namespace io::phantom {
namespace {

const NoiseTile& noise() {
  static const NoiseTile tile(3);
  return tile;
}

/// A head of average size and form, so that places can be named by numbers.
Patient average_patient() {
  Patient patient = draw_patient(1, 0);
  patient.size = {1, 1, 1};
  patient.plagiocephaly = 0;
  patient.frontal_taper = 0;
  patient.details.clear();
  patient.cupping = 0;
  patient.atrophy = 0.5F;
  patient.ventricle_growth = 1;
  patient.ventricle_asymmetry = 0;
  return patient;
}

Place place_at(const Patient& patient, Point p) {
  static const HeadFields fields(average_patient(), noise(), {});
  return Anatomy(patient, noise()).at(fields.at(p), {});
}

TEST(PhantomShapes, DistancesAreZeroOnTheSurfaceAndGrowByMillimetres) {
  EXPECT_NEAR(sphere({3, 4, 0}, {0, 0, 0}, 5), 0, 1e-6);
  EXPECT_NEAR(ellipsoid({10, 0, 0}, {0, 0, 0}, {10, 20, 30}), 0, 1e-5);
  EXPECT_NEAR(ellipsoid({0, 21, 0}, {0, 0, 0}, {10, 20, 30}), 1, 0.06);  // first order: 1.05
  EXPECT_NEAR(box_ellipsoid({0, 0, 31}, {0, 0, 0}, {10, 20, 30}, 2.4F), 1, 0.05);
  EXPECT_NEAR(capsule({5, 3, 0}, {0, 0, 0}, {10, 0, 0}, 2), 1, 1e-6);
  EXPECT_NEAR(capsule({13, 0, 0}, {0, 0, 0}, {10, 0, 0}, 2), 1, 1e-6);
  EXPECT_NEAR(tapered_capsule({10, 5, 0}, {0, 0, 0}, {10, 0, 0}, 1, 4), 1, 1e-6);
}

TEST(PhantomShapes, SmoothUnionIsNeverOutsideEitherPart) {
  nn::Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const float a = random.uniform(-5, 5), b = random.uniform(-5, 5);
    EXPECT_LE(smooth_union(a, b, 3), std::min(a, b));
    EXPECT_GE(smooth_union(a, b, 3), std::min(a, b) - 0.75F);  // a quarter of the blend at most
  }
}

TEST(PhantomNoise, HasMeanZeroVarianceOneAndRepeatsEvery64Cells) {
  double sum = 0, square = 0;
  nn::Random random(2);
  constexpr int samples = 40000;
  for (int i = 0; i < samples; ++i) {
    const auto cell = [&] { return std::floor(random.uniform(0, 64)); };
    const Point p = {cell(), cell(), cell()};
    const auto value = static_cast<double>(noise().at(p));
    sum += value, square += value * value;
    EXPECT_FLOAT_EQ(noise().at(p + Point{64, -64, 128}), noise().at(p));
  }
  EXPECT_NEAR(sum / samples, 0, 0.1);      // 64^3 cells hold some 600 independent blobs: 0.04 expected
  EXPECT_NEAR(square / samples, 1, 0.15);  // likewise
}

TEST(PhantomHead, CanonicalPlacesGoThereAndBack) {
  for (std::uint64_t number = 0; number < 20; ++number) {
    const Patient patient = draw_patient(5, number);
    for (const Point p : {Point{40, -60, 70}, Point{-55, 50, 30}, Point{0, 0, 45}}) {
      const Point back = to_canonical(from_canonical(p, patient), patient);
      EXPECT_LT(length(back - p), 0.1F);  // 0.02 mm at worst
    }
  }
}

TEST(PhantomHead, TheLatticeKeepsDistancesToHalfAMillimetre) {
  const Patient patient = average_patient();
  const HeadFields fields(patient, noise(), {});
  nn::Random random(4);
  float worst = 0;
  for (int i = 0; i < 5000; ++i) {
    const Point p = {random.uniform(-70, 70), random.uniform(-85, 85), random.uniform(40, 110)};
    const float exact = vault(p);
    if (std::abs(exact) < 8) worst = std::max(worst, std::abs(fields.at(p).vault - exact));
  }
  EXPECT_LT(worst, 0.5F);  // 0.2 mm measured
}

TEST(PhantomHead, HoldsEveryOrganWhereItBelongs) {
  const Patient patient = average_patient();
  EXPECT_EQ(place_at(patient, {0, 0, 135}).matter, Matter::air);
  EXPECT_EQ(place_at(patient, {70, 0, 60}).matter, Matter::bone);
  EXPECT_EQ(place_at(patient, {0, 2, 54}).matter, Matter::ventricle);     // third
  EXPECT_EQ(place_at(patient, {10, -25, 62}).matter, Matter::ventricle);  // left frontal horn
  EXPECT_EQ(place_at(patient, {-26, 38, 63}).matter, Matter::ventricle);  // right atrium
  EXPECT_EQ(place_at(patient, {0, 37, 20}).matter, Matter::ventricle);    // fourth
  EXPECT_EQ(place_at(patient, {0, -40, 98}).matter, Matter::dura);        // falx
  EXPECT_EQ(place_at(patient, {0, -5, 36}).matter, Matter::fluid);        // suprasellar cistern
  EXPECT_EQ(place_at(patient, {0, -19, -26}).matter, Matter::air);        // throat
  EXPECT_EQ(place_at(patient, {40, 16, 14}).matter, Matter::bone);        // petrous pyramid
  EXPECT_EQ(place_at(patient, {25, 48, 20}).matter, Matter::brain);       // cerebellum
  EXPECT_TRUE(place_at(patient, {25, 48, 20}).below_tentorium);
  EXPECT_FALSE(place_at(patient, {30, 60, 70}).below_tentorium);
  EXPECT_EQ(place_at(patient, {31, -76, 12}).hu, 10);  // the eye's vitreous
}

TEST(PhantomHead, TissuesHaveTheDensitiesOfRealOnes) {
  nn::Random random(6);
  for (std::uint64_t number = 0; number < 200; ++number) {
    const TissueValues hu = draw_patient(8, number).hu;
    EXPECT_GE(hu.grey, 33);
    EXPECT_LE(hu.grey, 43);
    EXPECT_GE(hu.grey - hu.white, 6);  // without contrast between them there is no brain to see
    EXPECT_LE(hu.grey - hu.white, 12);
    EXPECT_GE(hu.csf, 0);
    EXPECT_LE(hu.csf, 15);
  }
}

TEST(PhantomHead, PatientsDiffer) {
  std::vector<float> sizes, atrophies;
  for (std::uint64_t number = 0; number < 100; ++number) {
    const Patient patient = draw_patient(9, number);
    sizes.push_back(patient.size.x * patient.size.y * patient.size.z);
    atrophies.push_back(patient.atrophy);
  }
  const auto [small, large] = std::minmax_element(sizes.begin(), sizes.end());
  EXPECT_GT(*large / *small, 1.3F);
  const auto [young, old] = std::minmax_element(atrophies.begin(), atrophies.end());
  EXPECT_GT(*old - *young, 0.8F);
}

TEST(PhantomHead, MassEffectMovesTheBrainButNotTheBone) {
  const Patient patient = average_patient();
  const HeadFields still(patient, noise(), {});
  const HeadFields pushed(patient, noise(), {{.centre = {20, 0, 60}, .shift = {-6, 0, 0}, .radius = 35}});
  const Point midline = {0, 0, 60}, bone = {66, 0, 60};
  EXPECT_NEAR(pushed.at(midline).x - still.at(midline).x, 4.3F, 0.5F);  // 6 exp(-(20/35)^2)
  EXPECT_FLOAT_EQ(pushed.at(bone).vault, still.at(bone).vault);
  EXPECT_FLOAT_EQ(pushed.at(bone).cavity, still.at(bone).cavity);
}

}  // namespace
}  // namespace io::phantom
