// Each kind of bleed lies where it belongs, and is drawn independently of everything else.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "io/phantom/hemorrhage.h"
#include "io/phantom/random_streams.h"
#include "io/phantom/study.h"

namespace io::phantom {
namespace {

const NoiseTile& noise() {
  static const NoiseTile tile(3);
  return tile;
}

/// Places inside the skull that a bleed covers, on a grid of 3 mm.
std::vector<Place> covered(const Hemorrhage& bleed, const Patient& patient, const HeadFields& fields) {
  const Anatomy anatomy(patient, noise());
  std::vector<Place> places;
  for (int z = -10; z < 120; z += 3) {
    for (int y = -95; y < 95; y += 3) {
      for (int x = -75; x < 75; x += 3) {
        const Point p = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)};
        const Place place = anatomy.at(fields.at(p), {});
        const bool near = length(place.fields.canonical() - bleed.middle) < bleed.bounding_radius;
        if (place.inside_skull() && near && bleed.distance(place, noise()) < 0) places.push_back(place);
      }
    }
  }
  return places;
}

void expect_belongs(const Hemorrhage& bleed, const Place& place, float side) {
  switch (bleed.kind()) {
    case HemorrhageKind::epidural:
      EXPECT_LT(place.depth(), 30);  // on the bone
      break;
    case HemorrhageKind::subdural:
      EXPECT_GT(place.fields.x * side, 0);  // never across the midline
      EXPECT_FALSE(place.below_tentorium);
      break;
    case HemorrhageKind::subarachnoid:
      EXPECT_TRUE(place.matter == Matter::fluid || place.matter == Matter::brain);
      EXPECT_GT(place.fields.ventricle, 0);
      break;
    case HemorrhageKind::intraventricular:
      EXPECT_LT(place.fields.ventricle, 5);
      break;
    case HemorrhageKind::intraparenchymal:
      EXPECT_GT(place.depth(), 1);
      break;
  }
}

TEST(PhantomHemorrhage, EveryKindLiesWhereItBelongs) {
  std::map<HemorrhageKind, int> seen;
  for (std::uint64_t study = 0; study < 20 && seen.size() < 5; ++study) {
    const Patient patient = draw_patient(2, study);
    const HeadFields fields(patient, noise(), {});
    for (const auto& bleed : draw_hemorrhages(2, study, patient, Prevalence::teaching)) {
      const std::vector<Place> places = covered(*bleed, patient, fields);
      EXPECT_FALSE(places.empty()) << bleed->describe();
      for (const Place& place : places) expect_belongs(*bleed, place, bleed->middle.x);
      ++seen[bleed->kind()];
    }
  }
  EXPECT_EQ(seen.size(), 5U) << "the seed shows not every kind";
}

TEST(PhantomHemorrhage, AnEpiduralLensTouchesTheBone) {
  for (std::uint64_t study = 0; study < 40; ++study) {
    const Patient patient = draw_patient(2, study);
    for (const auto& bleed : draw_hemorrhages(2, study, patient, Prevalence::teaching)) {
      if (bleed->kind() != HemorrhageKind::epidural) continue;
      const HeadFields fields(patient, noise(), {});
      float shallowest = 100, deepest = 0;
      for (const Place& place : covered(*bleed, patient, fields)) {
        shallowest = std::min(shallowest, place.depth());
        deepest = std::max(deepest, place.depth());
      }
      EXPECT_LT(shallowest, 3);  // the grid's step
      EXPECT_GT(deepest, 3);
      return;
    }
  }
  FAIL() << "no epidural hematoma in 40 studies";
}

TEST(PhantomHemorrhage, IsDenseAsBloodAndComesInAllSizes) {
  std::array<int, hemorrhage_kinds> kinds{};
  int faint = 0, several = 0, bleeding = 0;
  constexpr int studies = 2000;
  for (std::uint64_t study = 0; study < studies; ++study) {
    const Hemorrhages bleeds = draw_hemorrhages(4, study, Patient{}, Prevalence::teaching);
    for (const auto& bleed : bleeds) {
      EXPECT_GE(bleed->hu, 35);
      EXPECT_LE(bleed->hu, 80);
      faint += bleed->hu < 50 ? 1 : 0;
      ++kinds[static_cast<std::size_t>(bleed->kind())];
    }
    bleeding += bleeds.empty() ? 0 : 1;
    several += bleeds.size() > 1 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(bleeding) / studies, 0.75, 0.04);  // four standard errors
  EXPECT_GT(several, studies / 5);
  EXPECT_GT(faint, 50);
  for (const int kind : kinds) EXPECT_GT(kind, studies / 5);
}

TEST(PhantomHemorrhage, PrevalenceOfTheChallengeIsRarerAndHardlyEverEpidural) {
  int bleeding = 0, epidural = 0;
  for (std::uint64_t study = 0; study < 1000; ++study) {
    const Hemorrhages bleeds = draw_hemorrhages(4, study, Patient{}, Prevalence::challenge);
    bleeding += bleeds.empty() ? 0 : 1;
    for (const auto& bleed : bleeds) epidural += bleed->kind() == HemorrhageKind::epidural ? 1 : 0;
  }
  EXPECT_NEAR(bleeding, 265, 56);  // four standard errors
  EXPECT_LT(epidural, 50);
  EXPECT_GT(epidural, 2);
}

TEST(PhantomHemorrhage, ChangesNeitherHeadNorScannerNorHeader) {
  const Study::Request teaching{.seed = 3, .patient = 5, .study = 0, .size = 64, .slices = 3};
  Study::Request challenge = teaching;
  challenge.prevalence = Prevalence::challenge;
  const DicomImage a = Study(teaching, noise()).make(1).image, b = Study(challenge, noise()).make(1).image;
  EXPECT_EQ(a.image_id, b.image_id);
  EXPECT_EQ(a.meta_instance_uid, b.meta_instance_uid);
  EXPECT_EQ(a.style.window_centre, b.style.window_centre);
  EXPECT_EQ(a.position.z, b.position.z);
  EXPECT_EQ(a.pixel_mm, b.pixel_mm);
}

}  // namespace
}  // namespace io::phantom
