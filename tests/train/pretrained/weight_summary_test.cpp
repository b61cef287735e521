#include "train/pretrained/weight_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/files/atomic_file.h"
#include "io/files/hdf5.h"
#include "io/files/safetensors.h"
#include "tests/support/error_of.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

using testing::HasSubstr;

train::WeightSummary summary_of(const std::vector<io::StoredTensor>& tensors) {
  const test::TemporaryDirectory directory;
  io::write_safetensors(directory / "w.safetensors", {.tensors = tensors, .metadata = {{"format", "pt"}}});
  return train::summarize_weights(directory / "w.safetensors");
}

io::StoredTensor one_number(const std::string& name) {
  return io::stored_tensor<float>(name, {1, 1, 1, 1}, std::vector<float>{1});
}

/// The 3x3 convolutions of a DenseNet with so many layers in each block, of one number each.
std::vector<io::StoredTensor> dense_layers(const std::vector<int>& layers, const std::string& prefix = "") {
  std::vector<io::StoredTensor> tensors;
  for (std::size_t block = 0; block < layers.size(); ++block) {
    for (int layer = 1; layer <= layers[block]; ++layer) {
      tensors.push_back(one_number(prefix + "features.denseblock" + std::to_string(block + 1) + ".denselayer" +
                                   std::to_string(layer) + ".conv2.weight"));
    }
  }
  return tensors;
}

TEST(WeightSummary, CountsTensorsAndNumbersThatLearn) {
  std::vector<io::StoredTensor> tensors = dense_layers({6, 12, 24, 16});
  tensors.push_back(io::stored_tensor<float>("features.norm0.running_mean", {3}, std::vector<float>(3)));
  tensors.push_back(
      io::stored_tensor<std::int64_t>("features.norm0.num_batches_tracked", {}, std::vector<std::int64_t>{7}));
  const train::WeightSummary summary = summary_of(tensors);
  EXPECT_EQ(summary.format, "safetensors");
  EXPECT_EQ(summary.tensors, 60);
  EXPECT_EQ(summary.parameters, 58);
  EXPECT_EQ(summary.other, 4);
  EXPECT_EQ(summary.metadata.at("format"), "pt");
  EXPECT_EQ(summary.sha256.size(), 64U);
  EXPECT_EQ(summary.known_as, "");
}

TEST(WeightSummary, KnowsANetworkByItsNames) {
  EXPECT_EQ(summary_of(dense_layers({6, 12, 24, 16})).architecture, "densenet121");
  EXPECT_EQ(summary_of(dense_layers({6, 12, 36, 24}, "module.")).architecture, "densenet161");
  EXPECT_EQ(summary_of({one_number("weight")}).architecture, "");
  std::vector<io::StoredTensor> whole = dense_layers({6, 12, 32, 32});
  EXPECT_FALSE(summary_of(whole).has_classifier);
  whole.push_back(one_number("classifier.weight"));
  EXPECT_TRUE(summary_of(whole).has_classifier);
}

TEST(WeightSummary, RefusesWhatHoldsNoWeights) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "history.csv", "epoch,train_loss\n1,0.5\n");
  EXPECT_THAT(test::error_of([&] { train::summarize_weights(directory / "history.csv"); }),
              HasSubstr("history.csv: is neither"));
}

TEST(WeightSummary, KnowsRealKerasFiles) {
  const auto folder = test::shared_data("weights");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  if (!io::hdf5_is_built_in()) GTEST_SKIP() << "built without HDF5";
  const train::WeightSummary part =
      train::summarize_weights(folder / "vgg16-block1-to-block3/vgg16_block1_to_block3_tf_kernels.h5");
  EXPECT_EQ(part.format, "Keras HDF5");
  EXPECT_EQ(part.architecture, "");
  EXPECT_EQ(part.part_of, "vgg16");
  EXPECT_EQ(part.tensors, 14);
  EXPECT_EQ(part.parameters, 1735488);
  EXPECT_EQ(part.other, 0);
  const train::WeightSummary unknown = train::summarize_weights(folder / "small-real-keras-h5/mnist_cnn_keras2.3.1.h5");
  EXPECT_EQ(unknown.architecture + unknown.part_of, "");
  EXPECT_EQ(unknown.metadata.at("keras_version"), "2.3.1");
}

TEST(WeightSummary, KnowsTheRealDenseNet121Slow) {
  const auto file = test::shared_data("weights/densenet121/densenet121_weights_tf_dim_ordering_tf_kernels.h5");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent";
  if (!io::hdf5_is_built_in()) GTEST_SKIP() << "built without HDF5";
  const train::WeightSummary summary = train::summarize_weights(file);
  EXPECT_EQ(summary.architecture, "densenet121");
  EXPECT_TRUE(summary.has_classifier);
  EXPECT_THAT(summary.known_as, testing::StartsWith("Keras Applications DenseNet121"));
  EXPECT_EQ(summary.tensors, 606);
  EXPECT_EQ(summary.parameters, 7978856);
  EXPECT_EQ(summary.other, 83648);
}

}  // namespace
