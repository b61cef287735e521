#include "nn/tensor/tensor.h"

#include <gtest/gtest.h>

#include <numeric>

#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace {

using nn::Shape;
using nn::Tensor;

/// Element [n,h,w,c] holds its number in row order.
Tensor counted(Shape shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.elements()));
  std::iota(values.begin(), values.end(), 0.0F);
  return Tensor::from<float>(shape, values);
}

TEST(Tensor, IsRowsOfPixels) {
  const Tensor t = counted({2, 3, 5, 7});
  EXPECT_EQ(t.rows(), 30);
  EXPECT_EQ(t.elements(), 210);
  EXPECT_EQ(t.pitch(), 7);
  EXPECT_TRUE(t.contiguous());
  EXPECT_EQ(t.row<float>(4)[2], 30.0F);
}

TEST(Tensor, ChannelRangeIsAViewWithThePitchOfTheBuffer) {
  const Tensor t = counted({1, 2, 2, 5});
  const Tensor view = t.channel_range(1, 3);
  EXPECT_EQ(view.shape(), (Shape{1, 2, 2, 2}));
  EXPECT_EQ(view.pitch(), 5);
  EXPECT_FALSE(view.contiguous());
  EXPECT_TRUE(view.shares_storage(t));
  EXPECT_EQ(view.to_vector<float>(), (std::vector<float>{1, 2, 6, 7, 11, 12, 16, 17}));
  EXPECT_EQ(view.channel_range(1, 2).to_vector<float>(), (std::vector<float>{2, 7, 12, 17}));
}

TEST(Tensor, BatchRangeIsAView) {
  const Tensor t = counted({3, 1, 2, 2});
  EXPECT_EQ(t.batch_range(1, 2).to_vector<float>(), (std::vector<float>{4, 5, 6, 7}));
  EXPECT_EQ(t.channel_range(1, 2).batch_range(2, 3).to_vector<float>(), (std::vector<float>{9, 11}));
}

TEST(Tensor, ReshapeOfAContiguousTensorMayChangeChannels) {
  const Tensor t = counted({2, 3, 1, 4});
  const Tensor flat = t.reshape({2, 1, 1, 12});
  EXPECT_EQ(flat.pitch(), 12);
  EXPECT_EQ(flat.row<float>(1)[0], 12.0F);
  EXPECT_TRUE(flat.shares_storage(t));
}

TEST(Tensor, ReshapeOfASliceKeepsItsChannels) {
  const Tensor slice = counted({2, 3, 1, 4}).channel_range(1, 3);
  EXPECT_EQ(slice.reshape({1, 1, 6, 2}).to_vector<float>(), slice.to_vector<float>());
  EXPECT_THROW(slice.reshape({1, 1, 1, 12}), nn::Error);
  EXPECT_THROW(slice.reshape({1, 1, 7, 2}), nn::Error);
}

TEST(Tensor, FlatRangeCutsABuffer) {
  const Tensor buffer = counted({1, 1, 1, 20});
  EXPECT_EQ(buffer.flat_range(5, {1, 1, 2, 3}).to_vector<float>(), (std::vector<float>{5, 6, 7, 8, 9, 10}));
  EXPECT_THROW(buffer.flat_range(15, {1, 1, 2, 3}), nn::Error);
}

TEST(Tensor, RefusesWhatIsOutside) {
  const Tensor t = counted({2, 3, 5, 7});
  EXPECT_THROW(t.channel_range(0, 8), nn::Error);
  EXPECT_THROW(t.channel_range(3, 3), nn::Error);
  EXPECT_THROW(t.channel_range(-1, 3), nn::Error);
  EXPECT_THROW(t.batch_range(1, 3), nn::Error);
  EXPECT_THROW(Tensor::empty({1, 0, 1, 1}), nn::Error);
}

// The product of these extents is 0 in 64 bits.
TEST(Tensor, RefusesExtentsWhoseProductOverflows) {
  const std::int64_t large = std::int64_t{1} << 32;
  EXPECT_THROW(nn::Tensor::empty({large, large, 1, 1}), nn::Error);
  EXPECT_THROW(nn::Tensor::empty({large, large, large, large}), nn::Error);
}

TEST(Tensor, RefusesAnotherTypeAndAnUndefinedTensor) {
  EXPECT_THROW(counted({1, 1, 1, 1}).data<double>(), nn::Error);
  EXPECT_THROW(Tensor().raw(), nn::Error);
  EXPECT_THROW(counted({1, 1, 1, 2}).item(), nn::Error);
  EXPECT_THROW(Tensor::from<float>({1, 1, 1, 2}, {1.0F}), nn::Error);
}

TEST(Copy, GoesBetweenAnyPitches) {
  const Tensor source = counted({2, 1, 3, 5});
  const Tensor target = Tensor::zeros({2, 1, 3, 4});
  nn::copy_into(source.channel_range(2, 4), target.channel_range(1, 3));
  EXPECT_EQ(target.channel_range(1, 3).to_vector<float>(), source.channel_range(2, 4).to_vector<float>());
  EXPECT_EQ(target.channel_range(0, 1).to_vector<float>(), std::vector<float>(6, 0.0F));
  EXPECT_EQ(target.channel_range(3, 4).to_vector<float>(), std::vector<float>(6, 0.0F));
}

TEST(Copy, CloneOwnsItsMemory) {
  const Tensor t = counted({1, 1, 2, 3});
  const Tensor copy = nn::clone(t.channel_range(0, 2));
  EXPECT_FALSE(copy.shares_storage(t));
  EXPECT_TRUE(copy.contiguous());
  t.data<float>()[0] = 99;
  EXPECT_EQ(copy.data<float>()[0], 0);
  EXPECT_TRUE(nn::to_device(t, nn::Device::cpu).shares_storage(t));
}

TEST(Copy, RefusesOtherShapesAndTypes) {
  EXPECT_THROW(nn::copy_into(counted({1, 1, 2, 3}), counted({1, 1, 3, 2})), nn::Error);
  EXPECT_THROW(nn::copy_into(counted({1, 1, 2, 3}), Tensor::zeros({1, 1, 2, 3}, nn::DType::f64)), nn::Error);
}

TEST(Fill, SetsASliceAndNothingElse) {
  const Tensor t = counted({1, 1, 2, 3});
  nn::fill(7, t.channel_range(1, 2));
  EXPECT_EQ(t.to_vector<float>(), (std::vector<float>{0, 7, 2, 3, 7, 5}));
}

TEST(Cast, ConvertsBetweenTypes) {
  const Tensor x = Tensor::from<float>({1, 1, 1, 3}, {1.5F, -2.25F, 1.0F + 0.4F / 128});
  const Tensor wide = Tensor::empty(x.shape(), nn::DType::f64), half = Tensor::empty(x.shape(), nn::DType::bf16);
  nn::cast(x, wide);
  EXPECT_EQ(wide.to_vector<double>(), (std::vector<double>{1.5, -2.25, static_cast<double>(1.0F + 0.4F / 128)}));
  nn::cast(x, half);
  nn::cast(half, x);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1.5F, -2.25F, 1.0F}));
  const Tensor raw = Tensor::from<std::int16_t>({1, 1, 1, 3}, {-1024, 0, 3071});
  nn::cast(raw, x);
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{-1024, 0, 3071}));
}

}  // namespace
