// The teaching set is frozen: scores in the documents were measured on it. Whoever changes what it draws finds out
// here, and measures again.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <numeric>

#include "io/phantom/study.h"

namespace io::phantom {
namespace {

/// What a study of 8 slices of 64 x 64 pixels holds.
struct Contents {
  double mean_hu = 0;
  std::array<double, hemorrhage_kinds> area_mm2{};
};

Contents contents(std::uint64_t patient) {
  static const NoiseTile noise(1);
  const Study study({.seed = 1, .patient = patient, .size = 64, .slices = 8}, noise);
  Contents sum;
  for (int slice = 0; slice < 8; ++slice) {
    const MadeSlice made = study.make(slice);
    sum.mean_hu += std::accumulate(made.image.hu.begin(), made.image.hu.end(), 0.0) / (8 * 64 * 64);
    for (std::size_t kind = 0; kind < hemorrhage_kinds; ++kind) {
      sum.area_mm2[kind] += static_cast<double>(made.mask.area_mm2[kind]);
    }
  }
  return sum;
}

TEST(PhantomFrozen, TheTeachingSetIsTheOneThatScoresWereMeasuredOn) {
  const std::map<std::uint64_t, Contents> expected = {{0, {-502.1766, {0, 0, 0, 1069.98, 0}}},
                                                      {3, {-556.7132, {0, 0, 0, 0, 0}}},
                                                      {4, {-566.8237, {1806.39, 319.71, 2605.67, 2749.54, 0}}},
                                                      {9, {-472.6873, {0, 0, 0, 0, 2604.02}}}};
  for (const auto& [patient, study] : expected) {
    const Contents found = contents(patient);
    EXPECT_NEAR(found.mean_hu, study.mean_hu, 0.01) << patient;  // another machine may round a value here and there
    for (std::size_t kind = 0; kind < hemorrhage_kinds; ++kind) {
      EXPECT_NEAR(found.area_mm2[kind], study.area_mm2[kind], 20) << patient << ' ' << kind;  // a pixel has 14
    }
  }
}

}  // namespace
}  // namespace io::phantom
