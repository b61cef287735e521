#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "nn/layers/conv2d.h"
#include "nn/layers/global_pool.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"
#include "tests/support/error_of.h"
#include "train/pretrained/pretrained.h"
#include "train/weights.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// features.conv0, features.conv1 and a head of the given name.
class SmallNetwork : public nn::Sequential {
 public:
  explicit SmallNetwork(std::int64_t channels = 3, const std::string& head = "head") {
    auto& features = add_named<nn::Sequential>("features");
    features.add_named<nn::Conv2d>("conv0", channels, 4, nn::Conv2d::Options{.kernel = 3, .bias = false});
    features.add_named<nn::Conv2d>("conv1", 4, 5, nn::Conv2d::Options{.kernel = 1});
    add_named<nn::GlobalAveragePool2d>("global_pool");
    if (!head.empty()) add_named<nn::Linear>(head, 5, 6);
    initialize(1);
  }
};

/// Weights for SmallNetwork with a classifier, all different from a new network's.
train::Pretrained pretrained() {
  SmallNetwork source(3, "classifier");
  source.initialize(2);
  train::Pretrained result;
  result.file = "file.h5";
  result.weights.tensors = train::export_weights(source);
  return result;
}

std::vector<float> values(nn::Module& network, const std::string& name) {
  return io::Safetensors{train::export_weights(network), {}}.at(name).values<float>();
}

void erase(train::Pretrained& weights, const std::string& name) {
  std::erase_if(weights.weights.tensors, [&](const io::StoredTensor& tensor) { return tensor.name == name; });
}

TEST(ImportPretrained, FillsTheWholeNetwork) {
  SmallNetwork network(3, "classifier");
  const train::Pretrained weights = pretrained();
  const train::ImportReport report = train::import_pretrained(weights, network);
  EXPECT_THAT(report.loaded, ElementsAre("classifier.bias", "classifier.weight", "features.conv0.weight",
                                         "features.conv1.bias", "features.conv1.weight"));
  EXPECT_THAT(report.left_out, ElementsAre());
  EXPECT_THAT(report.fresh, ElementsAre());
  for (const io::StoredTensor& tensor : weights.weights.tensors) {
    EXPECT_EQ(values(network, tensor.name), tensor.values<float>()) << tensor.name;
  }
}

TEST(ImportPretrained, KeepsTheNetworksOwnHead) {
  SmallNetwork network;
  const std::vector<float> head = values(network, "head.weight");
  train::Pretrained weights = pretrained();
  weights.left_out = {"features.norm0.num_batches_tracked"};
  const train::ImportReport report = train::import_pretrained(weights, network);
  EXPECT_THAT(report.left_out,
              ElementsAre("classifier.bias", "classifier.weight", "features.norm0.num_batches_tracked"));
  EXPECT_THAT(report.fresh, ElementsAre("head.bias", "head.weight"));
  EXPECT_EQ(values(network, "head.weight"), head);
}

TEST(ImportPretrained, SpreadsTheColoursOverOtherChannels) {
  for (const std::int64_t channels : {1, 2, 5}) {
    SmallNetwork network(channels, "classifier"), original(3, "classifier");
    const train::Pretrained weights = pretrained();
    train::import_pretrained(weights, network);
    train::import_pretrained(weights, original);
    // A grey picture in all channels gives what it gave the original.
    const auto grey = [](std::int64_t count) {
      const nn::Tensor picture = nn::Tensor::empty({1, 6, 6, count});
      for (std::int64_t i = 0; i < picture.elements(); ++i) {
        picture.data<float>()[i] = static_cast<float>(i / count % 7) - 2;
      }
      return nn::Variable(picture);
    };
    const std::vector<float> expected = original(grey(3), {}).value().to_vector<float>();
    const std::vector<float> logits = network(grey(channels), {}).value().to_vector<float>();
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 2e-5F) << channels;
    // Every channel has the same share.
    const std::vector<float> weight = values(network, "features.conv0.weight");
    for (std::int64_t k = 1; k < channels; ++k) EXPECT_EQ(weight[static_cast<std::size_t>(9 * k)], weight[0]);
  }
}

TEST(ImportPretrained, ListsEverythingThatDoesNotFitAndChangesNothing) {
  SmallNetwork network(3, "classifier");
  const std::vector<float> before = values(network, "features.conv0.weight");
  train::Pretrained weights = pretrained();
  erase(weights, "features.conv1.bias");
  erase(weights, "classifier.bias");
  for (io::StoredTensor& tensor : weights.weights.tensors) {
    if (tensor.name == "classifier.weight") tensor.shape = {5, 6};
  }
  weights.weights.tensors.push_back(io::stored_tensor<float>("extra", {1}, std::vector<float>{1}));
  const std::string what = test::error_of([&] { train::import_pretrained(weights, network); });
  EXPECT_EQ(what,
            "file.h5 does not fit the network: 2 missing: features.conv1.bias, classifier.bias; 1 surplus: extra; "
            "1 of wrong contents: classifier.weight is 5 x 6 instead of 6 x 5");
  EXPECT_EQ(values(network, "features.conv0.weight"), before);
}

TEST(ImportPretrained, APartMustBeAskedFor) {
  SmallNetwork network(3, "classifier");
  train::Pretrained weights = pretrained();
  erase(weights, "features.conv1.weight");
  erase(weights, "features.conv1.bias");
  const std::vector<float> before = values(network, "features.conv1.weight");
  EXPECT_THAT(test::error_of([&] { train::import_pretrained(weights, network); }), HasSubstr("2 missing"));
  const train::ImportReport report = train::import_pretrained(weights, network, {.partial = true});
  EXPECT_THAT(report.fresh, ElementsAre("features.conv1.bias", "features.conv1.weight"));
  EXPECT_EQ(values(network, "features.conv1.weight"), before);
  EXPECT_EQ(values(network, "features.conv0.weight"), weights.weights.at("features.conv0.weight").values<float>());
}

TEST(ImportPretrained, RefusesAnotherNetworksWeightsEvenInPart) {
  SmallNetwork network;
  train::Pretrained weights;
  weights.file = "resnet.safetensors";
  weights.weights.tensors = {io::stored_tensor<float>("layer1.0.bn1.bias", {1}, std::vector<float>{1})};
  EXPECT_EQ(test::error_of([&] { train::import_pretrained(weights, network, {.partial = true}); }),
            "resnet.safetensors: none of its 1 tensors belongs to the network, the first is layer1.0.bn1.bias");
}

TEST(ImportPretrained, RefusesValuesThatAreNoNumbers) {
  SmallNetwork network(3, "classifier");
  train::Pretrained weights = pretrained();
  for (io::StoredTensor& tensor : weights.weights.tensors) {
    if (tensor.name != "features.conv1.bias") continue;
    tensor = io::stored_tensor<float>(tensor.name, {5}, std::vector<float>(5, std::numeric_limits<float>::quiet_NaN()));
  }
  EXPECT_THAT(test::error_of([&] { train::import_pretrained(weights, network); }),
              HasSubstr("features.conv1.bias holds"));
}

}  // namespace
