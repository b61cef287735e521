#include "train/data/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

namespace {

using train::Augmentation;
using train::AugmentStrength;
using train::draw_augmentation;

TEST(Augment, DefaultChangesNothing) {
  const Augmentation none;
  EXPECT_FALSE(none.flip || none.reverse_slices);
  EXPECT_EQ(none.shift_x, 0);
  EXPECT_EQ(none.shift_y, 0);
  EXPECT_EQ(none.scale, 1);
  EXPECT_EQ(none.rotation, 0);
  EXPECT_EQ(none.noise, 0);
  EXPECT_TRUE(none.windows.empty());
}

TEST(Augment, DependsOnSeedEpochAndImageAlone) {
  const AugmentStrength strength;
  const auto drawn = [&](std::uint64_t seed, int epoch, std::size_t image) {
    return draw_augmentation(strength, 3, seed, epoch, image);
  };
  EXPECT_EQ(drawn(1, 2, 3).rotation, drawn(1, 2, 3).rotation);
  EXPECT_EQ(drawn(1, 2, 3).windows[2].scale, drawn(1, 2, 3).windows[2].scale);
  std::set<double> rotations;
  for (const std::uint64_t seed : {1U, 2U}) {
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (std::size_t image = 0; image < 50; ++image) rotations.insert(drawn(seed, epoch, image).rotation);
    }
  }
  EXPECT_GT(rotations.size(), 290U);  // 300 draws of 24 bits: all differ but for a rare chance
}

TEST(Augment, StaysWithinItsStrengthAndUsesAllOfIt) {
  const AugmentStrength strength;
  int flips = 0, noisy = 0, reversed = 0;
  double largest_shift = 0, largest_rotation = 0, largest_scale = 0, largest_noise = 0, largest_jitter = 0;
  constexpr int draws = 2000;
  for (std::size_t image = 0; image < draws; ++image) {
    const Augmentation drawn = draw_augmentation(strength, 2, 7, 1, image);
    flips += drawn.flip;
    noisy += drawn.noise > 0;
    reversed += drawn.reverse_slices;
    largest_shift = std::max({largest_shift, std::abs(drawn.shift_x), std::abs(drawn.shift_y)});
    largest_rotation = std::max(largest_rotation, std::abs(drawn.rotation) * 180 / std::numbers::pi);
    largest_scale = std::max(largest_scale, std::abs(drawn.scale - 1));
    largest_noise = std::max(largest_noise, drawn.noise);
    ASSERT_EQ(drawn.windows.size(), 2U);
    for (const train::WindowJitter& jitter : drawn.windows) {
      largest_jitter = std::max(largest_jitter, std::abs(jitter.scale - 1));
      ASSERT_LE(std::abs(jitter.shift), strength.max_window_shift);
    }
  }
  const auto close_to = [](double value, double most) { return value <= most * (1 + 1e-9) && value > 0.95 * most; };
  EXPECT_TRUE(close_to(largest_shift, strength.max_shift)) << largest_shift;
  EXPECT_TRUE(close_to(largest_rotation, strength.max_rotation)) << largest_rotation;
  EXPECT_TRUE(close_to(largest_scale, strength.max_scale)) << largest_scale;
  EXPECT_TRUE(close_to(largest_noise, strength.max_noise)) << largest_noise;
  EXPECT_TRUE(close_to(largest_jitter, strength.max_window_scale)) << largest_jitter;
  for (const int count : {flips, noisy, reversed}) EXPECT_NEAR(count, draws / 2, 5 * std::sqrt(draws) / 2);
}

TEST(Augment, OneStrengthDoesNotChangeAnothersNumbers) {
  const Augmentation usual = draw_augmentation({}, 1, 3, 4, 5);
  const Augmentation still = draw_augmentation({.noise_chance = 0, .max_noise = 0}, 1, 3, 4, 5);
  EXPECT_EQ(still.noise, 0);
  EXPECT_EQ(usual.flip, still.flip);
  EXPECT_EQ(usual.rotation, still.rotation);
  EXPECT_EQ(usual.windows[0].shift, still.windows[0].shift);
}

}  // namespace
