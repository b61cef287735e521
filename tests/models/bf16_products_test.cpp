// What networks answer where the CPU multiplies in bf16: near what they answer in f32, and not the same.
#include <gtest/gtest.h>

#include <cmath>

#include "models/registry.h"
#include "nn/core/philox.h"
#include "nn/cpu/bf16/product_precision.h"
#include "train/inference.h"

namespace {

class Bf16Networks : public testing::Test {
 protected:
  ~Bf16Networks() override { nn::cpu::set_product_precision("f32"); }
};

/// Logits of random pixels by random weights.
std::vector<float> logits(const std::string& model, std::int64_t size, const std::string& products) {
  nn::cpu::set_product_precision(products);
  const auto network = models::make_model(model, {.size = size, .seed = 3});
  nn::Random random(1);
  nn::Tensor input = nn::Tensor::empty({2, size, size, 3});
  std::generate_n(input.data<float>(), input.elements(), [&] { return random.uniform(-1, 1); });
  return train::infer(*network, input, {}).to_vector<float>();
}

/// Largest difference over the largest logit.
double difference(const std::string& model, std::int64_t size, const std::string& products) {
  const std::vector<float> expected = logits(model, size, "f32"), found = logits(model, size, products);
  double largest = 0, most = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(expected[i])));
    largest = std::max(largest, std::abs(static_cast<double>(found[i]) - expected[i]));
  }
  return largest / most;
}

// Measured by AVX512_BF16: cnn 6.5e-3, densenet121 3.1e-3; with direct convolutions alone, as AMX has them, 1.03e-2 and
// 5.1e-3.
constexpr double bound = 0.02;

void expect_nearly_as_in_f32(const std::string& model, std::int64_t size, const std::string& products) {
  const double found = difference(model, size, products);
  EXPECT_LT(found, bound) << model << ", " << products;
  EXPECT_GT(found, 1e-5) << model << " was not computed by " << products;
}

TEST_F(Bf16Networks, AnswerNearlyAsInF32) {
  if (nn::cpu::product_precisions().size() == 1) GTEST_SKIP() << "this CPU has no instructions for bf16";
  for (const std::string& products : nn::cpu::product_precisions()) {
    if (products == "f32") continue;
    expect_nearly_as_in_f32("cnn", 64, products);
    expect_nearly_as_in_f32("densenet121", 32, products);
  }
}

TEST_F(Bf16Networks, AnswerNearlyAsInF32OnEveryCpu) { expect_nearly_as_in_f32("cnn", 32, "portable_bf16"); }

}  // namespace
