// ImageNet's weights as people have them, against what other programs compute with them. The files are not part of the
// project; their README says where the values come from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/files/hdf5.h"
#include "io/pictures/picture_reader.h"
#include "models/registry.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/max_pool.h"
#include "nn/layers/sequential.h"
#include "tests/support/error_of.h"
#include "tests/support/npy.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"
#include "train/pretrained/convert_weights.h"
#include "train/pretrained/imagenet.h"
#include "train/pretrained/pretrained.h"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path densenet = test::shared_data("weights/densenet121");
const fs::path densenet_h5 = densenet / "densenet121_weights_tf_dim_ordering_tf_kernels.h5";
const fs::path densenet_safetensors = densenet / "densenet121_torchvision_names.safetensors";
const fs::path vgg = test::shared_data("weights/vgg16-block1-to-block3");
const fs::path vgg_h5 = vgg / "vgg16_block1_to_block3_tf_kernels.h5";

/// {images, channels, size, size} -> {images, size, size, channels}
nn::Tensor from_nchw(const std::vector<float>& values, std::int64_t images, std::int64_t channels, std::int64_t size) {
  const nn::Tensor tensor = nn::Tensor::empty({images, size, size, channels});
  const std::int64_t pixels = size * size;
  for (std::int64_t n = 0; n < images; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t p = 0; p < pixels; ++p) {
        tensor.data<float>()[(n * pixels + p) * channels + c] =
            values[static_cast<std::size_t>((n * channels + c) * pixels + p)];
      }
    }
  }
  return tensor;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

class RealDenseNet121 : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(densenet_h5)) GTEST_SKIP() << densenet_h5 << " is absent";
    if (!io::hdf5_is_built_in()) GTEST_SKIP() << "built without HDF5";
    input_ = from_nchw(test::read_npy(densenet / "golden/input_nchw_f32.npy"), 6, 3, 224);
  }

  std::vector<float> outputs(nn::Module& network) const {
    return network(nn::Variable(input_), {}).value().to_vector<float>();
  }
  std::vector<float> logits(const train::Pretrained& pretrained) const {
    const auto network = models::make_model(
        "densenet121", {.head = models::Head::imagenet, .batch_norm_epsilon = pretrained.batch_norm_epsilon});
    train::import_pretrained(pretrained, *network);
    return outputs(*network);
  }

  nn::Tensor input_;
};

// Measured: 8.3e-6 for both logits (the largest is 22.5), 5.0e-6 for the features.
constexpr double tolerance = 5e-5;

TEST_F(RealDenseNet121, GivesKerasLogitsFromTheH5Slow) {
  const train::Pretrained pretrained = train::read_pretrained(densenet_h5, "densenet121");
  EXPECT_EQ(pretrained.format, "Keras HDF5");
  EXPECT_EQ(pretrained.scaling, train::PictureScaling::torch);
  EXPECT_EQ(pretrained.batch_norm_epsilon, 1.001e-5);
  EXPECT_THAT(pretrained.known_as, HasSubstr("DenseNet121"));
  EXPECT_LT(largest_difference(logits(pretrained), test::read_npy(densenet / "golden/logits_keras_eps1.001e-5.npy")),
            tolerance);
}

TEST_F(RealDenseNet121, GivesTorchvisionsLogitsFromTheSafetensorsSlow) {
  const train::Pretrained pretrained = train::read_pretrained(densenet_safetensors, "densenet121");
  EXPECT_EQ(pretrained.batch_norm_epsilon, 1e-5);
  EXPECT_LT(largest_difference(logits(pretrained), test::read_npy(densenet / "golden/logits_torchvision_eps1e-5.npy")),
            tolerance);
}

TEST_F(RealDenseNet121, GivesThePooledFeaturesSlow) {
  // The ct head with the identity as its matrix passes the pooled features on.
  const auto network = models::make_model("densenet121", {.classes = 1024, .dropout = 0.0});
  const train::ImportReport report =
      train::import_pretrained(train::read_pretrained(densenet_safetensors, "densenet121"), *network);
  EXPECT_THAT(report.left_out, testing::ElementsAre("classifier.bias", "classifier.weight"));
  EXPECT_THAT(report.fresh, testing::ElementsAre("head.bias", "head.weight"));
  for (const auto& [path, parameter] : network->parameters()) {
    if (path == "head.bias") std::fill_n(parameter->value().data<float>(), 1024, 0.0F);
    if (path != "head.weight") continue;
    for (std::int64_t i = 0; i < 1024 * 1024; ++i) parameter->value().data<float>()[i] = i % 1025 == 0 ? 1.0F : 0.0F;
  }
  EXPECT_LT(
      largest_difference(outputs(*network), test::read_npy(densenet / "golden/pooled_features_1024_torchvision.npy")),
      tolerance);
}

TEST_F(RealDenseNet121, IsTheSameFromBothFilesAndAfterConverting) {
  const test::TemporaryDirectory directory;
  const train::ConvertedWeights converted = train::convert_weights(densenet_h5, "densenet121");
  train::write_converted(directory / "converted.safetensors", converted);
  const train::Pretrained again = train::read_pretrained(directory / "converted.safetensors", "densenet121");
  const train::Pretrained torch = train::read_pretrained(densenet_safetensors, "densenet121");
  EXPECT_EQ(again.batch_norm_epsilon, 1.001e-5) << "travels with the weights";
  EXPECT_EQ(again.scaling, train::PictureScaling::torch);
  ASSERT_EQ(again.weights.tensors.size(), 606U);
  EXPECT_EQ(io::weight_hash(again.weights), io::weight_hash(torch.weights));
}

TEST_F(RealDenseNet121, IsNoOtherNetwork) {
  EXPECT_THAT(test::error_of([] { train::read_pretrained(densenet_safetensors, "densenet169"); }),
              HasSubstr("holds the weights of densenet121, expected densenet169"));
  EXPECT_THAT(test::error_of([] { train::read_pretrained(densenet_h5, "densenet201"); }),
              HasSubstr("holds the weights of densenet121, expected densenet201"));
  EXPECT_THAT(test::error_of([] { train::read_pretrained(densenet_h5, "vgg16"); }),
              HasSubstr("606 of its 606 weights are not of Keras' vgg16"));
  EXPECT_THAT(test::error_of([] { train::read_pretrained(densenet_h5, "cnn"); }),
              HasSubstr("no ImageNet weights for 'cnn'"));
}

TEST_F(RealDenseNet121, NamesThePhotosSlow) {
  const fs::path photos = test::shared_data("images/debian-photos");
  if (!fs::exists(photos)) GTEST_SKIP() << photos << " is absent";
  train::ImageNetClassifier classifier(train::read_pretrained(densenet_h5, "densenet121"));
  for (const auto& [file, name] : {std::pair{"chelsea.png", "Egyptian_cat"},
                                   {"coffee.png", "espresso"},
                                   {"tuxpaint_zebra.png", "zebra"},
                                   {"squirrel_cls.jpg", "fox_squirrel"}}) {
    const std::vector<train::Guess> top = classifier.top(io::read_picture((photos / file).string(), 3));
    ASSERT_EQ(top.size(), 5U);
    EXPECT_EQ(train::imagenet_classes().at(static_cast<std::size_t>(top[0].index)), name) << file;
    EXPECT_GT(top[0].probability, top[4].probability);
  }
}

TEST_F(RealDenseNet121, PicturesAreScaledAsPillowDoes) {
  const fs::path photos = test::shared_data("images/debian-photos");
  if (!fs::exists(photos)) GTEST_SKIP() << photos << " is absent";
  const char* const files[] = {"chelsea.png", "coffee.png"};
  for (std::int64_t i = 0; i < 2; ++i) {
    const io::Picture picture = io::read_picture((photos / files[i]).string(), 3);
    const std::vector<float> ours = train::imagenet_input(picture, train::PictureScaling::torch).to_vector<float>();
    // One grey level is 1 / 255 / 0.224 = 0.0175.
    EXPECT_LT(largest_difference(ours, input_.batch_range(i, i + 1).to_vector<float>()), 0.018) << files[i];
  }
}

class RealVgg16 : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(vgg_h5)) GTEST_SKIP() << vgg_h5 << " is absent";
    if (!io::hdf5_is_built_in()) GTEST_SKIP() << "built without HDF5";
  }
};

TEST_F(RealVgg16, GivesBlock3PoolFromThePartialFile) {
  // VGG16 up to its third pool, under its names.
  nn::Sequential network;
  auto& features = network.add_named<nn::Sequential>("features");
  std::int64_t number = 0, in = 3;
  for (const auto& [out, convolutions] : {std::pair{64, 2}, {128, 2}, {256, 3}}) {
    for (int i = 0; i < convolutions; ++i, number += 2, in = out) {
      features.add_named<nn::Conv2d>(std::to_string(number), in, out,
                                     nn::Conv2d::Options{.kernel = 3, .padding = nn::pad(1), .relu = true});
    }
    features.add_named<nn::MaxPool2d>(std::to_string(number++), nn::MaxPool2d::Options{.kernel = 2, .stride = 2});
  }
  const train::Pretrained pretrained = train::read_pretrained(vgg_h5, "vgg16");
  EXPECT_EQ(pretrained.scaling, train::PictureScaling::caffe);
  const train::ImportReport report = train::import_pretrained(pretrained, network);
  EXPECT_EQ(report.loaded.size(), 14U);

  const nn::Tensor input = from_nchw(test::read_npy(vgg / "golden/input_chelsea_bgr_caffe_nchw_f32.npy"), 1, 3, 224);
  const nn::Tensor expected = from_nchw(test::read_npy(vgg / "golden/block3_pool_256x28x28_nchw_f32.npy"), 1, 256, 28);
  const std::vector<float> pooled = network(nn::Variable(input), {}).value().to_vector<float>(),
                           reference = expected.to_vector<float>();
  const double scale = *std::max_element(reference.begin(), reference.end());
  EXPECT_LT(largest_difference(pooled, reference) / scale, 5e-6);  // measured: 2.2e-6; 3.8e-7 with FALX_CONV=direct
}

TEST_F(RealVgg16, APartOfItMustBeAskedFor) {
  const auto network = models::make_model("vgg16", {.size = 32});
  const train::Pretrained pretrained = train::read_pretrained(vgg_h5, "vgg16");
  EXPECT_THAT(test::error_of([&] { train::import_pretrained(pretrained, *network); }),
              HasSubstr("12 missing: features.17"));
  const train::ImportReport report = train::import_pretrained(pretrained, *network, {.partial = true});
  EXPECT_EQ(report.loaded.size(), 14U);
  EXPECT_EQ(report.fresh.size(), 14U);
}

TEST_F(RealVgg16, PicturesAreScaledAsCaffeDoes) {
  const fs::path chelsea = test::shared_data("images/debian-photos/chelsea.png");
  if (!fs::exists(chelsea)) GTEST_SKIP() << chelsea << " is absent";
  const std::vector<float> ours =
      train::imagenet_input(io::read_picture(chelsea.string(), 3), train::PictureScaling::caffe).to_vector<float>();
  const nn::Tensor golden = from_nchw(test::read_npy(vgg / "golden/input_chelsea_bgr_caffe_nchw_f32.npy"), 1, 3, 224);
  EXPECT_LT(largest_difference(ours, golden.to_vector<float>()), 1.01) << "one grey level";
}

TEST(RealKeras1, TheanosOrderIsRefused) {
  if (!io::hdf5_is_built_in()) GTEST_SKIP() << "built without HDF5";
  const fs::path file = test::shared_data("weights/densenet40-12-cifar10-keras-h5/DenseNet-Fast-40-12-CIFAR10.h5");
  if (!fs::exists(file)) GTEST_SKIP() << file << " is absent";
  EXPECT_THAT(test::error_of([&] { train::read_pretrained(file, "densenet121"); }), HasSubstr("Theano"));
}

}  // namespace
