#include "train/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "train/weights.h"

namespace {

using nlohmann::json;
using test::error_of;
using testing::HasSubstr;
using train::ModelDescription;

ModelDescription description() {
  ModelDescription d;
  d.architecture = "cnn";
  d.preprocessing = train::Preprocessing::defaults(train::ImageKind::dicom, train::InputKind::windows, 64);
  d.class_prior = {0.3, 0.01, 0.1, 0.02, 0.125, 0.2};
  d.data_hash = "data";
  d.split_hash = "split";
  d.seed = 18446744073709551615U;
  d.epoch = 4;
  d.validation_loss = 0.1 + 0.2;
  d.weighted_log_loss = 0.25;
  d.auc[0] = 0.9;
  d.program_version = "0.1.0";
  return d;
}

std::unique_ptr<nn::Module> network(std::uint64_t seed = 3) {
  return models::make_model("cnn", {.size = 64, .seed = seed});
}

/// What reading says of a description in which one key was changed.
std::string error_with(const char* key, const json& value) {
  json object = json::parse(train::to_json(description()));
  object[key] = value;
  return error_of([&] { train::model_description_from_json(object.dump(), "model.safetensors"); });
}

TEST(ModelFile, KeepsTheEpsilonAndTheOriginOfPretrainedWeights) {
  ModelDescription d = description();
  d.batch_norm_epsilon = 1.001e-5;
  d.pretrained = {.file = "a.h5",
                  .known_as = "A",
                  .sha256 = "0123",
                  .scaling = train::PictureScaling::caffe,
                  .batch_norm_epsilon = 1.001e-5};
  const ModelDescription read = train::model_description_from_json(train::to_json(d), "model.safetensors");
  EXPECT_EQ(read.batch_norm_epsilon, 1.001e-5);
  EXPECT_EQ(read.pretrained, d.pretrained);
  EXPECT_EQ(read.other_keys, "{}");
}

TEST(ModelFile, OfAnEarlierVersionHasNeither) {
  json object = json::parse(train::to_json(description()));
  object["format_version"] = "1.0";
  object.erase("batch_norm_epsilon");
  const ModelDescription read = train::model_description_from_json(object.dump(), "model.safetensors");
  EXPECT_EQ(read.batch_norm_epsilon, 1e-5);
  EXPECT_FALSE(read.pretrained);
}

TEST(ModelFile, TheEpsilonReachesTheNetwork) {
  const test::TemporaryDirectory directory;
  ModelDescription d = description();
  const auto written = network();
  const nn::Tensor x = nn::Tensor::zeros({1, 64, 64, 3});
  const auto logits_with = [&](double epsilon) {
    d.batch_norm_epsilon = epsilon;
    train::write_model(directory / "model.safetensors", d, *written);
    return (*train::load_network(train::read_model(directory.path())))(nn::Variable(x), {}).value().to_vector<float>();
  };
  std::fill_n(x.data<float>(), x.elements(), 1.0F);
  EXPECT_NE(logits_with(1e-5), logits_with(1e-2));
}

TEST(ModelFile, KeepsWeightsAndDescription) {
  const test::TemporaryDirectory directory;
  const auto written = network();
  train::write_model(directory / "model.safetensors", description(), *written);
  const train::ModelFile read = train::read_model(directory.path());  // a run directory stands for its model
  EXPECT_EQ(read.description.architecture, "cnn");
  EXPECT_EQ(read.description.preprocessing.size, 64);
  EXPECT_EQ(read.description.class_prior, description().class_prior);
  EXPECT_EQ(read.description.seed, description().seed);
  EXPECT_EQ(read.description.validation_loss, 0.1 + 0.2);
  EXPECT_EQ(read.description.auc[0], 0.9);
  EXPECT_FALSE(read.description.auc[1]);
  const auto loaded = train::load_network(read);
  EXPECT_EQ(io::weight_hash({.tensors = train::export_weights(*loaded), .metadata = {}}),
            io::weight_hash({.tensors = train::export_weights(*written), .metadata = {}}));
  EXPECT_EQ(read.description.weight_hash, io::weight_hash(read.contents));
  EXPECT_EQ(train::read_model_description(directory.path()).weight_hash, read.description.weight_hash);
}

TEST(ModelFile, SameModelSameBytes) {
  const test::TemporaryDirectory directory;
  train::write_model(directory / "a", description(), *network());
  train::write_model(directory / "b", description(), *network());
  EXPECT_EQ(io::read_file(directory / "a"), io::read_file(directory / "b"));
}

TEST(ModelFile, UnknownKeysAreKept) {
  json object = json::parse(train::to_json(description()));
  object["calibration"] = {{"temperature", 1.25}};
  object["format_version"] = "1.7";
  const ModelDescription read = train::model_description_from_json(object.dump(), "model.safetensors");
  const json again = json::parse(train::to_json(read));
  EXPECT_EQ(again.at("calibration").at("temperature"), 1.25);
}

TEST(ModelFile, ANewerMajorVersionIsRefused) {
  EXPECT_THAT(error_with("format_version", "2.0"), HasSubstr("newer falx (format 2.0"));
  EXPECT_THAT(error_with("format_version", "two"), HasSubstr("MAJOR.MINOR"));
  EXPECT_EQ(error_with("format_version", "1.9"), "");
}

TEST(ModelFile, OtherLabelsAndMissingKeysAreRefused) {
  EXPECT_THAT(error_with("labels", {"subdural", "any"}), HasSubstr("model.safetensors: has other labels"));
  EXPECT_THAT(error_with("class_prior", json::object()), HasSubstr("damaged"));
  EXPECT_THAT(error_of([] { train::model_description_from_json("{}", "f"); }), HasSubstr("f: "));
  EXPECT_THAT(error_of([] { train::model_description_from_json("{", "f"); }), HasSubstr("f: "));
}

TEST(ModelFile, DamagedWeightsAreRefused) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "model.safetensors";
  train::write_model(path, description(), *network());
  std::string bytes = io::read_file(path);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  io::write_file_atomically(path, bytes);
  EXPECT_THAT(error_of([&] { train::read_model(path); }), HasSubstr("the weights are damaged"));
  io::write_file_atomically(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(error_of([&] { train::read_model(path); }), HasSubstr(path.string()));
}

TEST(ModelFile, WeightsAloneAreNoModel) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "weights.safetensors";
  io::write_safetensors(path, {.tensors = train::export_weights(*network()), .metadata = {}});
  EXPECT_THAT(error_of([&] { train::read_model(path); }), HasSubstr("without a description"));
  EXPECT_THAT(error_of([&] { train::read_model(directory / "absent"); }), HasSubstr("absent"));
}

TEST(ModelFile, OfAnotherArchitectureThanItSaysIsRefused) {
  const test::TemporaryDirectory directory;
  ModelDescription d = description();
  d.architecture = "cnn-2019";
  train::write_model(directory / "model.safetensors", d, *network());
  const train::ModelFile read = train::read_model(directory.path());
  EXPECT_THAT(error_of([&] { train::load_network(read); }), HasSubstr("does not fit the network"));
}

}  // namespace
