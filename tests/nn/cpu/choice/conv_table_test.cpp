#include "nn/cpu/choice/conv_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/core/error.h"
#include "tests/support/error_of.h"

namespace nn::cpu {
namespace {

constexpr ConvGeometry same{.padding = pad(1)};
constexpr Shape image{1, 28, 28, 64}, weights{32, 3, 3, 64};

ConvKey key_of(ConvPass pass) { return conv_key(pass, image, weights, same); }

/// A table of one decision.
std::shared_ptr<ConvTable> table_of(ConvPass pass, ConvAlgorithm algorithm) {
  const auto table = std::make_shared<ConvTable>();
  table->add({.key = key_of(pass), .algorithm = algorithm});
  return table;
}

ConvAlgorithm algorithm_of(ConvPass pass, const Shape& x = image, DType dtype = DType::f32) {
  return conv_algorithm(pass, x, weights, same, dtype);
}

/// Puts the setting back, and no table, however a test ends.
class ConvTableTest : public testing::Test {
 protected:
  ~ConvTableTest() override { set_conv_choice(kept_); }

 private:
  std::string kept_ = conv_choice();
};

TEST_F(ConvTableTest, KeysAreEqualForAnyBatchAndDifferInAllElse) {
  const ConvKey key = key_of(ConvPass::forward);
  EXPECT_EQ(conv_key(ConvPass::forward, {256, 28, 28, 64}, weights, same), key);
  EXPECT_NE(key_of(ConvPass::backward_data), key);
  EXPECT_NE(conv_key(ConvPass::forward, {1, 28, 27, 64}, weights, same), key);
  EXPECT_NE(conv_key(ConvPass::forward, image, {33, 3, 3, 64}, same), key);
  EXPECT_NE(conv_key(ConvPass::forward, image, weights, {.padding = pad(0)}), key);
  EXPECT_EQ(describe(key), "3x3 64->32 @28x28, forward");
}

TEST_F(ConvTableTest, DecidesWhatItHasForAnyBatchAndAutoTheRest) {
  set_conv_choice("auto");
  const ConvAlgorithm usual = algorithm_of(ConvPass::backward_data);
  set_conv_choice("winograd-2x2");
  set_conv_table(table_of(ConvPass::forward, ConvAlgorithm::direct));
  EXPECT_EQ(algorithm_of(ConvPass::forward), ConvAlgorithm::direct);
  EXPECT_EQ(algorithm_of(ConvPass::forward, {64, 28, 28, 64}), ConvAlgorithm::direct);
  EXPECT_EQ(algorithm_of(ConvPass::backward_data), usual) << "not what the setting says";
  set_conv_table(nullptr);
  EXPECT_EQ(algorithm_of(ConvPass::forward), ConvAlgorithm::f2x2_3x3);
}

TEST_F(ConvTableTest, NeverDecidesWhatCannotBe) {
  set_conv_table(table_of(ConvPass::forward, ConvAlgorithm::f4x4_3x3));
  EXPECT_EQ(algorithm_of(ConvPass::forward, image, DType::f64), ConvAlgorithm::direct);
}

TEST_F(ConvTableTest, ASettingEndsIt) {
  set_conv_table(table_of(ConvPass::forward, ConvAlgorithm::f4x4_3x3));
  set_conv_choice("direct");
  EXPECT_EQ(conv_table(), nullptr);
  EXPECT_EQ(algorithm_of(ConvPass::forward), ConvAlgorithm::direct);
}

TEST_F(ConvTableTest, IsInForceAsLongAsItIsAskedToBe) {
  const auto first = table_of(ConvPass::forward, ConvAlgorithm::f2x2_3x3);
  const ConvTableInForce outer(first);
  {
    const ConvTableInForce inner(table_of(ConvPass::forward, ConvAlgorithm::direct));
    EXPECT_EQ(algorithm_of(ConvPass::forward), ConvAlgorithm::direct);
  }
  EXPECT_EQ(conv_table(), first);
  EXPECT_EQ(algorithm_of(ConvPass::forward), ConvAlgorithm::f2x2_3x3);
}

TEST_F(ConvTableTest, RefusesWhatIsImpossibleAndWhatItHas) {
  ConvTable table;
  const ConvDecision decision{.key = key_of(ConvPass::forward), .algorithm = ConvAlgorithm::f4x4_3x3};
  table.add(decision);
  EXPECT_THAT(test::error_of([&] { table.add(decision); }),
              testing::HasSubstr("3x3 64->32 @28x28, forward: was decided before"));
  const ConvKey wide = conv_key(ConvPass::forward, image, {32, 5, 5, 64}, same);
  EXPECT_THAT(test::error_of([&] { table.add({.key = wide, .algorithm = ConvAlgorithm::f4x4_3x3}); }),
              testing::HasSubstr("5x5 64->32 @28x28, forward: cannot be computed by winograd"));
  EXPECT_EQ(table.decisions().size(), 1U);
}

}  // namespace
}  // namespace nn::cpu
