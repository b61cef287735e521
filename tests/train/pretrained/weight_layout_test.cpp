#include "train/pretrained/weight_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/error_of.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// 0, 1, 2, ...
io::StoredTensor counted(std::vector<std::int64_t> shape) {
  std::vector<float> values(
      static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
  std::iota(values.begin(), values.end(), 0.0F);
  return io::stored_tensor<float>("w", std::move(shape), values);
}

TEST(WeightLayout, PutsOutAndInBeforeHeightAndWidth) {
  const io::StoredTensor kernel = train::hwio_to_oihw(counted({2, 3, 4, 5}));  // h w i o
  EXPECT_THAT(kernel.shape, ElementsAre(5, 4, 2, 3));
  const std::vector<float> values = kernel.values<float>();
  const auto at = [&](int o, int i, int h, int w) {
    return values[static_cast<std::size_t>(((o * 4 + i) * 2 + h) * 3 + w)];
  };
  for (int o = 0; o < 5; ++o) {
    for (int i = 0; i < 4; ++i) {
      for (int h = 0; h < 2; ++h) {
        for (int w = 0; w < 3; ++w) EXPECT_EQ(at(o, i, h, w), static_cast<float>(((h * 3 + w) * 4 + i) * 5 + o));
      }
    }
  }
}

TEST(WeightLayout, TransposesMatrices) {
  const io::StoredTensor matrix = train::transposed(counted({2, 3}));
  EXPECT_THAT(matrix.shape, ElementsAre(3, 2));
  EXPECT_THAT(matrix.values<float>(), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(WeightLayout, TurnsColumnsFromKerasFlatteningToTorchs) {
  // Two rows over a map of height 2, width 3 and 4 channels: column (h, w, c) -> column (c, h, w).
  const std::vector<float> values = train::columns_hwc_to_chw(counted({2, 24}), 2, 3, 4).values<float>();
  for (int row = 0; row < 2; ++row) {
    for (int h = 0; h < 2; ++h) {
      for (int w = 0; w < 3; ++w) {
        for (int c = 0; c < 4; ++c) {
          EXPECT_EQ(values[static_cast<std::size_t>(24 * row + (c * 2 + h) * 3 + w)],
                    static_cast<float>(24 * row + (h * 3 + w) * 4 + c));
        }
      }
    }
  }
  EXPECT_THAT(test::error_of([] {
                train::columns_hwc_to_chw(counted({2, 25}), 2, 3, 4);
              }),
              HasSubstr("25 columns, expected 2 x 3 x 4"));
}

TEST(WeightLayout, ConvertsOtherFloatsOnly) {
  EXPECT_THAT(train::as_f32(io::stored_tensor<double>("w", {2}, std::vector<double>{0.5, -3})).values<float>(),
              ElementsAre(0.5F, -3));
  const std::vector<nn::bfloat16> halves = {nn::bfloat16(1.5F)};
  EXPECT_THAT(train::as_f32(io::stored_tensor<nn::bfloat16>("w", {1}, halves)).values<float>(), ElementsAre(1.5F));
  // 1, the largest, the smallest normal and the smallest number; -2, 1/3 rounded: IEEE 754 binary16.
  const std::vector<io::Float16> sixteen = {{0x3c00}, {0x7bff}, {0x0400}, {0x0001}, {0xc000}, {0x3555}};
  EXPECT_THAT(train::as_f32(io::stored_tensor<io::Float16>("w", {6}, sixteen)).values<float>(),
              ElementsAre(1, 65504, 0x1p-14F, 0x1p-24F, -2, 0.333251953125F));
  EXPECT_TRUE(std::isinf(static_cast<float>(io::Float16{0xfc00})));
  EXPECT_TRUE(std::isnan(static_cast<float>(io::Float16{0x7e00})));
  const std::vector<std::int64_t> whole = {7};
  EXPECT_THAT(test::error_of([&] { train::as_f32(io::stored_tensor<std::int64_t>("w", {1}, whole)); }),
              HasSubstr("holds I64, expected floats"));
}

}  // namespace
