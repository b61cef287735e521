#include "nn/kernels/fill.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

using nn::DType;
using nn::Tensor;

Tensor flag(double value) { return Tensor::from<double>(nn::vector_shape(1), {value}); }

template <class T>
class CopyIf : public testing::Test {
 public:
  const Tensor x = Tensor::from<T>({2, 1, 1, 3}, {T(1), T(2), T(3), T(4), T(5), T(6)});
  const Tensor y = Tensor::from<T>({2, 1, 1, 3}, {T(-1), T(-2), T(-3), T(-4), T(-5), T(-6)});
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(CopyIf, Floats);

TYPED_TEST(CopyIf, CopiesWhereTheFlagIsSet) {
  for (const double set : {1.0, -0.5}) {
    nn::fill(9, this->y);
    nn::copy_if(flag(set), this->x, this->y);
    EXPECT_EQ(this->y.template to_vector<TypeParam>(), this->x.template to_vector<TypeParam>());
  }
}

TYPED_TEST(CopyIf, LeavesEverythingWhereItIsNot) {
  const auto before = this->y.template to_vector<TypeParam>();
  nn::copy_if(flag(0), this->x, this->y);
  EXPECT_EQ(this->y.template to_vector<TypeParam>(), before);
}

TYPED_TEST(CopyIf, AsksForEqualShapesAndTypesAndContiguousMemory) {
  EXPECT_THROW(nn::copy_if(flag(1), this->x, Tensor::zeros({2, 1, 1, 2}, nn::dtype_of<TypeParam>)), nn::Error);
  EXPECT_THROW(nn::copy_if(flag(1), this->x, Tensor::zeros({2, 1, 1, 3}, DType::i32)), nn::Error);
  EXPECT_THROW(nn::copy_if(flag(1), this->x.channel_range(0, 2), this->y.channel_range(0, 2)), nn::Error);
  EXPECT_THROW(nn::copy_if(Tensor::zeros(nn::vector_shape(2), DType::f64), this->x, this->y), nn::Error);
}

}  // namespace
