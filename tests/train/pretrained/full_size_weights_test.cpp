// Weight files as large as public ones, written by PyTorch: the same logits. tests/golden/make_full_size_weights.py
// makes them; the environment variable FALX_TEST_WEIGHTS names their folder.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "models/registry.h"
#include "tests/models/golden_formula.h"
#include "tests/support/compare.h"
#include "tests/support/npy.h"
#include "train/pretrained/pretrained.h"

namespace {

namespace fs = std::filesystem;

class FullSizeWeights : public testing::TestWithParam<const char*> {};

TEST_P(FullSizeWeights, GivePyTorchsLogitsSlow) {
  const char* const folder = std::getenv("FALX_TEST_WEIGHTS");
  if (folder == nullptr) GTEST_SKIP() << "FALX_TEST_WEIGHTS is not set (tests/golden/make_full_size_weights.py)";
  const std::string name = GetParam();
  const train::Pretrained pretrained = train::read_pretrained(fs::path(folder) / (name + ".safetensors"), name);
  const auto network =
      models::make_model(name, {.head = models::Head::imagenet, .batch_norm_epsilon = pretrained.batch_norm_epsilon});
  const train::ImportReport report = train::import_pretrained(pretrained, *network);
  EXPECT_EQ(report.loaded.size(), network->parameters().size() + network->buffers().size());
  EXPECT_TRUE(report.fresh.empty());

  const nn::Shape input{2, 224, 224, 3};
  const std::vector<double> formula = test::golden_values(test::golden_input, input.elements());
  const std::vector<float> pixels(formula.begin(), formula.end());
  const nn::Variable x(nn::Tensor::from(input, std::span<const float>(pixels)));
  const std::vector<float> expected = test::read_npy(fs::path(folder) / (name + "-logits.npy"));
  EXPECT_LT(test::normalised_error(test::values_of((*network)(x, {}).value()), {expected.begin(), expected.end()}),
            1e-5);  // measured: 2.5e-6
}

INSTANTIATE_TEST_SUITE_P(FromPyTorch, FullSizeWeights,
                         testing::Values("vgg16", "vgg16-bn", "densenet121", "densenet169", "densenet201"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
