#include "cuda/launch/packed.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace {

template <class T>
class PackedOf : public testing::Test {};
using Activations = testing::Types<float, nn::bfloat16>;
TYPED_TEST_SUITE(PackedOf, Activations);

constexpr float untouched = -7;

template <class T>
struct alignas(16) Line {
  std::array<T, 8> v;
  Line() {
    for (int i = 0; i < 8; ++i) v[static_cast<std::size_t>(i)] = static_cast<T>(static_cast<float>(i + 1));
  }
};

TYPED_TEST(PackedOf, LoadsTheElementsThatAreThere) {
  const Line<TypeParam> line;
  for (int count = 0; count <= 8; ++count) {
    const cuda::Floats<8> values = cuda::load<8>(line.v.data(), count);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(values.v[i], i < count ? static_cast<float>(i + 1) : 0) << count;
  }
}

TYPED_TEST(PackedOf, StoresNoMoreThanItShould) {
  for (int count = 0; count <= 8; ++count) {
    Line<TypeParam> line;
    line.v.fill(static_cast<TypeParam>(untouched));
    cuda::Floats<8> values;
    for (int i = 0; i < 8; ++i) values.v[i] = static_cast<float>(i);
    cuda::store<8>(line.v.data(), values, count);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(static_cast<float>(line.v[static_cast<std::size_t>(i)]), i < count ? static_cast<float>(i) : untouched);
    }
  }
}

TYPED_TEST(PackedOf, AddsBetaTimesWhatWasThereInFloat32) {
  Line<TypeParam> line;
  cuda::Floats<8> values;
  for (int i = 0; i < 8; ++i) values.v[i] = 0.25F;
  cuda::store<8>(line.v.data(), values, 8, 2.0F);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(static_cast<float>(line.v[static_cast<std::size_t>(i)]), 2 * static_cast<float>(i + 1) + 0.25F);
  }
}

TYPED_TEST(PackedOf, DoesNotReadWithBeta0) {
  Line<TypeParam> line;
  line.v.fill(static_cast<TypeParam>(NAN));
  cuda::store<8>(line.v.data(), cuda::Floats<8>{}, 8, 0.0F);
  for (const TypeParam value : line.v) EXPECT_EQ(static_cast<float>(value), 0);
}

}  // namespace
