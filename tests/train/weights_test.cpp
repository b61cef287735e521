#include "train/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"
#include "tests/train/tiny_network.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

io::Safetensors stored(nn::Module& network, const std::string& prefix = "") {
  return {.tensors = train::export_weights(network, prefix), .metadata = {}};
}

std::string error_of(const io::Safetensors& contents, nn::Module& network) {
  return test::error_of([&] { train::import_weights(contents, "other.safetensors", network); });
}

TEST(Weights, HaveTorchsNamesAndShapes) {
  test::TinyNetwork network;
  const io::Safetensors contents = stored(network);
  std::vector<std::string> names;
  for (const io::StoredTensor& tensor : contents.tensors) names.push_back(tensor.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("conv.weight", "norm.weight", "norm.bias", "norm.running_mean",
                                                   "norm.running_var", "classifier.weight", "classifier.bias"));
  EXPECT_THAT(contents.at("conv.weight").shape, ElementsAre(4, 3, 3, 3));
  EXPECT_THAT(contents.at("norm.running_mean").shape, ElementsAre(4));
  EXPECT_THAT(contents.at("classifier.weight").shape, ElementsAre(6, 4));
}

TEST(Weights, FiltersAreStoredAsOIHW) {
  test::TinyNetwork network;
  const nn::Tensor& ours = network.parameters().front().parameter->value();  // {4, 3, 3, 3}: out, h, w, in
  for (std::int64_t i = 0; i < ours.elements(); ++i) ours.data<float>()[i] = static_cast<float>(i);
  const std::vector<float> theirs = stored(network).at("conv.weight").values<float>();
  const auto at = [&](int o, int i, int h, int w) {
    return theirs[static_cast<std::size_t>(((o * 3 + i) * 3 + h) * 3 + w)];
  };
  EXPECT_EQ(at(0, 1, 0, 0), 1);
  EXPECT_EQ(at(0, 0, 0, 1), 3);
  EXPECT_EQ(at(0, 0, 1, 0), 9);
  EXPECT_EQ(at(3, 2, 1, 0), 3 * 27 + 9 + 2);
}

/// A linear layer behind maps of 2 x 3 x 5.
class LinearBehindMap : public nn::Module {
 public:
  LinearBehindMap() : linear_(add_child<nn::Linear>("linear", nn::Shape{1, 2, 3, 5}, 4)) {}
  const char* kind() const override { return "LinearBehindMap"; }

 protected:
  nn::Variable forward(const nn::Variable& x, const nn::Context& context) override { return linear_(x, context); }

 private:
  nn::Linear& linear_;
};

TEST(Weights, ColumnsBehindAFlattenedMapAreStoredAsCHW) {
  LinearBehindMap network;
  const nn::Tensor& ours = network.parameters().front().parameter->value();  // {4, 1, 1, 30}
  for (std::int64_t i = 0; i < ours.elements(); ++i) ours.data<float>()[i] = static_cast<float>(i);
  const io::Safetensors contents = stored(network);
  ASSERT_THAT(contents.at("linear.weight").shape, ElementsAre(4, 30));
  const std::vector<float> theirs = contents.at("linear.weight").values<float>();
  for (int o = 0; o < 4; ++o) {
    for (int h = 0; h < 2; ++h) {
      for (int w = 0; w < 3; ++w) {
        for (int c = 0; c < 5; ++c) {
          EXPECT_EQ(theirs[static_cast<std::size_t>(o * 30 + (c * 2 + h) * 3 + w)], o * 30 + (h * 3 + w) * 5 + c);
        }
      }
    }
  }
}

TEST(Weights, BehindAFlattenedMapGoThereAndBack) {
  LinearBehindMap first, second;
  first.initialize(1);
  second.initialize(2);
  train::import_weights(stored(first), "file", second);
  EXPECT_EQ(second.parameters().front().parameter->value().to_vector<float>(),
            first.parameters().front().parameter->value().to_vector<float>());
}

TEST(Weights, GoThereAndBack) {
  test::TinyNetwork first, second;
  first.initialize(1);
  second.initialize(2);
  const io::Safetensors contents = stored(first, "network.");
  EXPECT_NE(io::weight_hash(stored(first)), io::weight_hash(stored(second)));
  train::import_weights(contents, "file", second, "network.");
  EXPECT_EQ(io::weight_hash(stored(first)), io::weight_hash(stored(second)));
}

TEST(Weights, OfAnotherNetworkAreRefusedWithAllThatDiffers) {
  test::TinyNetwork narrow, wide(5);
  io::Safetensors contents = stored(wide);
  contents.tensors.push_back(io::stored_tensor<float>("extra.bias", {1}, std::vector<float>{1}));
  std::erase_if(contents.tensors, [](const io::StoredTensor& tensor) { return tensor.name == "norm.weight"; });
  const std::string before = io::weight_hash(stored(narrow));
  const std::string message = error_of(contents, narrow);
  EXPECT_THAT(message, HasSubstr("other.safetensors does not fit the network"));
  EXPECT_THAT(message, HasSubstr("conv.weight is [5, 3, 3, 3] instead of [4, 3, 3, 3]"));
  EXPECT_THAT(message, HasSubstr("norm.weight is missing"));
  EXPECT_THAT(message, HasSubstr("more"));
  EXPECT_EQ(io::weight_hash(stored(narrow)), before) << "something was copied";
}

TEST(Weights, OnesTooManyAreRefused) {
  test::TinyNetwork network;
  io::Safetensors contents = stored(network);
  contents.tensors.push_back(io::stored_tensor<float>("extra.bias", {1}, std::vector<float>{1}));
  EXPECT_THAT(error_of(contents, network), HasSubstr("extra.bias is not in the network"));
}

}  // namespace
