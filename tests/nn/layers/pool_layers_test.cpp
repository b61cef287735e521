// The rules of pooling layers at the edges.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "nn/layers/average_pool.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/max_pool.h"

namespace nn {
namespace {

/// 0, 1, 2 ... over 3 x 3 pixels.
Variable counting() {
  const Tensor x = Tensor::empty({1, 3, 3, 1});
  std::iota(x.data<float>(), x.data<float>() + 9, 0.0F);
  return Variable(x);
}

std::vector<float> run(Module&& layer, const Variable& x) { return layer(x, {}).value().to_vector<float>(); }

TEST(MaxPool2d, SamePutsTheOddPixelAtTheEnd) {
  EXPECT_EQ(run(MaxPool2d({.same = true}), counting()), (std::vector<float>{4, 5, 7, 8}));
}

TEST(MaxPool2d, ValidDropsTheOddPixel) { EXPECT_EQ(run(MaxPool2d({}), counting()), (std::vector<float>{4})); }

TEST(MaxPool2d, PaddingAndCeilFollowTheOptions) {
  EXPECT_EQ(run(MaxPool2d({.kernel = 2, .stride = 2, .padding = pad(1)}), counting()),
            (std::vector<float>{0, 2, 6, 8}));
  EXPECT_EQ(run(MaxPool2d({.ceil = true}), counting()), (std::vector<float>{4, 5, 7, 8}));
}

TEST(AveragePool2d, CountsPaddingOrNot) {
  EXPECT_EQ(run(AveragePool2d({.padding = pad(1)}), counting()), (std::vector<float>{0, 0.75F, 2.25F, 6}));
  EXPECT_EQ(run(AveragePool2d({.padding = pad(1), .count_padding = false}), counting()),
            (std::vector<float>{0, 1.5F, 4.5F, 6}));
}

// tf.keras.layers.AveragePooling2D(2, padding="same"): the odd pixels stand alone at the end.
TEST(AveragePool2d, SameIsTheMeanOfWhatAWindowSees) {
  EXPECT_EQ(run(AveragePool2d({.same = true}), counting()), (std::vector<float>{2, 3.5F, 6.5F, 8}));
}

TEST(GlobalPools, GiveTheMeanAndTheMaximum) {
  EXPECT_EQ(run(GlobalAveragePool2d(), counting()), (std::vector<float>{4}));
  EXPECT_EQ(run(GlobalAverageMaxPool2d(), counting()), (std::vector<float>{4, 8}));
}

}  // namespace
}  // namespace nn
