#include "nn/core/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace {

std::array<std::uint32_t, 4> words(nn::Philox4 counter, std::uint32_t key_low, std::uint32_t key_high) {
  const nn::Philox4 out = nn::philox(counter, key_low, key_high);
  return {out.x[0], out.x[1], out.x[2], out.x[3]};
}

// The known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, GivesTheKnownAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(words({{0, 0, 0, 0}}, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(words({{ones, ones, ones, ones}}, ones, ones), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformStaysBelowOne) {
  EXPECT_EQ(nn::uniform_from_bits(0), 0.0F);
  EXPECT_LT(nn::uniform_from_bits(0xffffffff), 1.0F);
  EXPECT_EQ(nn::uniform_from_bits(0x80000000), 0.5F);
}

TEST(Philox, NormalIsFiniteAtTheExtremes) {
  EXPECT_TRUE(std::isfinite(nn::normal_from_bits(0, 0)));
  EXPECT_TRUE(std::isfinite(nn::normal_from_bits(0xffffffff, 0xffffffff)));
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  nn::Random random(3);
  const int count = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < count; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / count, 0, 0.015);  // standard deviations 0.003 and 0.0045
  EXPECT_NEAR(squares / count, 1, 0.02);
}

TEST(Random, DependsOnSeedPurposeAndIndex) {
  const auto first = [](nn::Random random) { return random.bits(); };
  EXPECT_EQ(first(nn::Random(1, 2, 3)), first(nn::Random(1, 2, 3)));
  EXPECT_NE(first(nn::Random(1, 2, 3)), first(nn::Random(4, 2, 3)));
  EXPECT_NE(first(nn::Random(1, 2, 3)), first(nn::Random(1, 4, 3)));
  EXPECT_NE(first(nn::Random(1, 2, 3)), first(nn::Random(1, 2, 4)));
  EXPECT_NE(first(nn::Random(1, 2, 3)), first(nn::Random(1 + (std::uint64_t{1} << 32U), 2, 3)));
  EXPECT_NE(first(nn::Random(1, 2, 3)), first(nn::Random(1, 2, 3 + (std::uint64_t{1} << 32U))));
}

TEST(Random, BelowCoversItsRange) {
  nn::Random random(8);
  std::array<int, 5> seen{};
  for (int i = 0; i < 10000; ++i) ++seen.at(random.below(5));
  for (const int count : seen) EXPECT_NEAR(count, 2000, 200);  // standard deviation 40
}

TEST(Random, ShuffleKeepsEveryItemAndMovesThem) {
  std::vector<int> items(100), sorted(100);
  std::iota(items.begin(), items.end(), 0);
  std::iota(sorted.begin(), sorted.end(), 0);
  nn::Random random(1);
  nn::shuffle(items, random);
  EXPECT_NE(items, sorted);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, sorted);
}

}  // namespace
