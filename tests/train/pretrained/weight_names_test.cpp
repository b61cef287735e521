// The names of Keras and of PyTorch's several writers, as torchvision's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/registry.h"
#include "tests/support/error_of.h"
#include "train/pretrained/keras_names.h"
#include "train/pretrained/torch_names.h"
#include "train/weights.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

io::StoredTensor zeros(const std::string& name, std::vector<std::int64_t> shape) {
  io::StoredTensor tensor{.name = name, .type = io::ElementType::f32, .shape = std::move(shape), .bytes = {}};
  tensor.bytes.resize(static_cast<std::size_t>(tensor.elements()) * sizeof(float));
  return tensor;
}

std::vector<std::string> names_of(const train::TorchvisionWeights& weights) {
  std::vector<std::string> names;
  for (const io::StoredTensor& tensor : weights.tensors) names.push_back(tensor.name);
  return names;
}

/// The names that a model's weights get, each given as layer, name and shape.
std::vector<std::string> keras_names(std::vector<io::KerasWeight> weights, std::string_view model = "densenet121") {
  return names_of(
      train::from_keras_names({.keras_version = "2", .backend = "tensorflow", .weights = std::move(weights)}, model));
}

TEST(TorchNames, BringsOldAndOtherNamesToTorchvisions) {
  EXPECT_EQ(train::torchvision_name("features.denseblock1.denselayer2.norm.1.running_mean"),
            "features.denseblock1.denselayer2.norm1.running_mean");
  EXPECT_EQ(train::torchvision_name("features.denseblock4.denselayer16.conv.2.weight"),
            "features.denseblock4.denselayer16.conv2.weight");
  EXPECT_EQ(train::torchvision_name("module.features.norm5.weight"), "features.norm5.weight");
  EXPECT_EQ(train::torchvision_name("pre_logits.fc1.bias"), "classifier.0.bias");
  EXPECT_EQ(train::torchvision_name("pre_logits.fc2.weight"), "classifier.3.weight");
  EXPECT_EQ(train::torchvision_name("head.fc.weight"), "classifier.6.weight");
  for (const char* name : {"features.denseblock1.denselayer2.norm1.weight", "features.conv0.weight", "features.28.bias",
                           "classifier.6.weight", "head.weight"}) {
    EXPECT_EQ(train::torchvision_name(name), name) << "stays";
  }
}

TEST(TorchNames, LeavesCountersOutAndFlattensTimmsClassifier) {
  const train::TorchvisionWeights weights = train::from_torch_names(
      {zeros("features.1.num_batches_tracked", {}), zeros("pre_logits.fc1.weight", {6, 5, 2, 3})});
  EXPECT_THAT(weights.left_out, ElementsAre("features.1.num_batches_tracked"));
  ASSERT_THAT(names_of(weights), ElementsAre("classifier.0.weight"));
  EXPECT_THAT(weights.tensors[0].shape, ElementsAre(6, 30));
  EXPECT_THAT(test::error_of([] {
                train::from_torch_names({zeros("a", {1}), zeros("module.a", {1})});
              }),
              HasSubstr("two tensors stand for a"));
}

TEST(TorchNames, TellsTheNetworksApart) {
  for (const models::ModelEntry& entry : models::all_models()) {
    if (!entry.has_imagenet_head || entry.name == "densenet201") continue;  // the larger ones take their time
    const auto network = models::make_model(entry.name);
    EXPECT_EQ(train::architecture_of(train::export_weights(*network)), entry.name);
  }
  EXPECT_EQ(train::architecture_of({zeros("features.0.weight", {4, 3, 3, 3})}), "") << "a part";
  EXPECT_EQ(train::architecture_of({zeros("layer1.0.conv1.weight", {4, 3, 3, 3})}), "") << "another network";
}

TEST(KerasNames, AreTorchvisionsForDenseNet) {
  EXPECT_THAT(
      keras_names({{"conv1/conv", zeros("conv1/conv/kernel:0", {7, 7, 3, 64})},
                   {"conv1/bn", zeros("conv1/bn/gamma:0", {64})},
                   {"conv1/bn", zeros("conv1/bn/moving_variance:0", {64})},
                   {"conv2_block1_0_bn", zeros("conv2_block1_0_bn/beta:0", {64})},
                   {"conv5_block16_1_conv", zeros("conv5_block16_1_conv/kernel:0", {1, 1, 992, 128})},
                   {"conv5_block16_1_bn", zeros("conv5_block16_1_bn/moving_mean", {128})},
                   {"conv5_block16_2_conv", zeros("conv5_block16_2_conv/kernel", {3, 3, 128, 32})},
                   {"pool2_bn", zeros("pool2_bn/gamma:0", {256})},
                   {"pool4_conv", zeros("pool4_conv/kernel:0", {1, 1, 1024, 512})},
                   {"bn", zeros("bn/gamma:0", {1024})},
                   {"fc1000", zeros("fc1000/kernel:0", {1024, 1000})},
                   {"fc1000", zeros("fc1000/bias:0", {1000})}}),
      ElementsAre("features.conv0.weight", "features.norm0.weight", "features.norm0.running_var",
                  "features.denseblock1.denselayer1.norm1.bias", "features.denseblock4.denselayer16.conv1.weight",
                  "features.denseblock4.denselayer16.norm2.running_mean",
                  "features.denseblock4.denselayer16.conv2.weight", "features.transition1.norm.weight",
                  "features.transition3.conv.weight", "features.norm5.weight", "classifier.weight", "classifier.bias"));
}

TEST(KerasNames, AreTorchvisionsForVggOfKeras1And2) {
  EXPECT_THAT(keras_names({{"block1_conv1", zeros("block1_conv1/kernel:0", {3, 3, 3, 64})},
                           {"block3_conv3", zeros("block3_conv3_W_1:0", {3, 3, 256, 256})},
                           {"block3_conv3", zeros("block3_conv3_b_1:0", {256})},
                           {"predictions", zeros("predictions_W_1:0", {4096, 1000})}},
                          "vgg16"),
              ElementsAre("features.0.weight", "features.14.weight", "features.14.bias", "classifier.6.weight"));
}

TEST(KerasNames, AreFoundInsideAModelOfModels) {
  EXPECT_THAT(keras_names({{"densenet121", zeros("conv1/bn/gamma:0", {64})},
                           {"densenet121", zeros("densenet121/bn/gamma:0", {1024})}}),
              ElementsAre("features.norm0.weight", "features.norm5.weight"));
}

TEST(KerasNames, TheFirstDenseLayerOfVggIsTurnedToTorchsFlattening) {
  io::StoredTensor kernel = zeros("fc1/kernel:0", {7 * 7 * 512, 2});
  std::vector<float> values(std::size_t{7 * 7 * 512 * 2});
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  kernel = io::stored_tensor<float>(kernel.name, kernel.shape, values);
  const train::TorchvisionWeights weights =
      train::from_keras_names({.keras_version = "2", .backend = "tensorflow", .weights = {{"fc1", kernel}}}, "vgg16");
  ASSERT_THAT(weights.tensors[0].shape, ElementsAre(2, 25088));
  const std::vector<float> turned = weights.tensors[0].values<float>();
  for (const auto& [h, w, c] : {std::array{0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {6, 5, 511}}) {
    for (const int out : {0, 1}) {
      EXPECT_EQ(turned[static_cast<std::size_t>(out * 25088 + (c * 7 + h) * 7 + w)],
                static_cast<float>(((h * 7 + w) * 512 + c) * 2 + out));
    }
  }
}

TEST(KerasNames, RefusesTheanosOrder) {
  EXPECT_THAT(test::error_of([] {
                keras_names({{"conv1/conv", zeros("convolution2d_1_W", {16, 3, 3, 3})}});
              }),
              HasSubstr("Theano's order (out, in, height, width): convolution2d_1_W is 16 x 3 x 3 x 3"));
  EXPECT_THAT(test::error_of([] {
                train::from_keras_names({.keras_version = "2.0", .backend = "theano", .weights = {}}, "vgg16");
              }),
              HasSubstr("Keras with Theano"));
}

TEST(KerasNames, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(test::error_of([] {
                keras_names({{"conv2d_1", zeros("conv2d_1/kernel:0", {3, 3, 3, 8})}});
              }),
              HasSubstr("1 of its 1 weights are not of Keras' densenet121, the first in layer conv2d_1"));
  EXPECT_THAT(test::error_of([] { keras_names({{"bn", zeros("bn/momentum:0", {8})}}); }), HasSubstr("bn/momentum"));
  EXPECT_THAT(test::error_of([] { keras_names({}, "vgg16-bn"); }), HasSubstr("Keras has no weights for vgg16-bn"));
  EXPECT_THAT(
      test::error_of([] {
        keras_names({{"fc1000", zeros("fc1000/bias:0", {8})}, {"predictions", zeros("predictions/bias:0", {8})}});
      }),
      HasSubstr("two weights stand for classifier.bias"));
}

}  // namespace
