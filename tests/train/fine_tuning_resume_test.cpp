// Fine-tuning through the whole trainer: frozen epochs, the switch, and going on from anywhere to the same bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_pictures.h"
#include "tests/train/tiny_network.h"
#include "train/training_run.h"
#include "train/weights.h"

namespace {

using train::Ended;

/// Three epochs on tiny pictures, in the first of which the backbone is frozen: 5 steps, 2 batches of validation and a
/// question at the end of each.
class FineTuningRun : public testing::Test {
 protected:
  static constexpr int epochs = 3, batch = 4, size = 32;

  FineTuningRun() {
    test::write_tiny_pictures(directory_.path());
    config_.images = (directory_ / "images").string();
    config_.labels = (directory_ / "labels.csv").string();
    config_.groups = (directory_ / "groups.csv").string();
    config_.size = size;
    config_.validation = 0.25;
    config_ = train::resolve(config_);
    train::DatasetOptions options;
    options.images = config_.images;
    options.labels = config_.labels;
    options.groups = config_.groups;
    data_ = train::load_dataset(options, cache_);
    parts_ = train::split_dataset(data_, config_, train::default_id_key);
  }

  /// Goes on with the run of this name, or begins it; stops after `questions`.
  Ended go(const std::string& name, int questions = 1000000) {
    const auto preprocessing =
        train::Preprocessing::defaults(train::ImageKind::pictures, train::InputKind::windows, size);
    train::Loader training(data_, parts_.training, preprocessing, train::training_options(batch, 1), cache_);
    train::Loader validation(data_, parts_.validation, preprocessing, train::evaluation_options(batch), cache_);
    std::vector<train::ImageLabels> labels;
    for (const std::size_t i : parts_.validation) labels.push_back(data_.images[i].labels);
    test::TinyNetwork network;
    network.initialize(7);
    initial_ = train::export_weights(network);
    std::filesystem::create_directories(directory_ / name);
    train::Trainer trainer(
        {.network = network,
         .training = training,
         .validation = validation,
         .validation_labels = labels,
         .class_prior = {},
         .identity = {.architecture = "tiny", .data_hash = "data", .split_hash = "split"},
         .files = {checkpoint(name), directory_ / name / "history.csv"}},
        {.epochs = epochs, .schedule = {}, .optimizer = {}, .fine_tuning = train::FineTuning{.freeze_epochs = 1}});
    trainer.resume();
    train::TrainingObserver silent;
    return trainer.run(
        silent, [](const auto&, const auto&) {}, [&] { return --questions < 0; });
  }

  std::filesystem::path checkpoint(const std::string& name) const { return directory_ / name / "last.safetensors"; }
  /// Of weights, statistics, moments and step states.
  std::string tensors(const std::string& name) const { return io::weight_hash(io::read_safetensors(checkpoint(name))); }
  /// Whether the backbone's filters and the head's matrix are still the initial ones.
  std::pair<bool, bool> unchanged(const std::string& name) const {
    const io::Safetensors now = io::read_safetensors(checkpoint(name));
    const auto same = [&](const std::string& tensor) {
      for (const io::StoredTensor& first : initial_) {
        if (first.name == tensor) return first.values<float>() == now.at("network." + tensor).values<float>();
      }
      throw nn::Error("no " + tensor);
    };
    return {same("conv.weight"), same("classifier.weight")};
  }

  test::TemporaryDirectory directory_;
  train::TrainConfig config_;
  train::SliceCache cache_;
  train::Dataset data_;
  train::DataParts parts_;
  std::vector<io::StoredTensor> initial_;
};

TEST_F(FineTuningRun, TheBackboneRestsInTheFrozenEpochAndLearnsAfterIt) {
  EXPECT_EQ(go("run", 7), Ended::interrupted);  // at the end of the first epoch
  EXPECT_EQ(unchanged("run"), std::make_pair(true, false));
  EXPECT_EQ(go("run", 1), Ended::interrupted);  // two steps into the second
  EXPECT_EQ(unchanged("run"), std::make_pair(false, false));
}

TEST_F(FineTuningRun, StoppedBeforeAtOrAfterUnfreezingItEndsWithTheSameBits) {
  ASSERT_EQ(go("whole"), Ended::all_epochs);
  for (const int questions : {0, 3, 5, 7, 8, 10, 15}) {
    const std::string name = "stopped" + std::to_string(questions);
    ASSERT_EQ(go(name, questions), Ended::interrupted) << questions;
    ASSERT_EQ(go(name), Ended::all_epochs) << questions;
    EXPECT_EQ(tensors(name), tensors("whole")) << questions;
  }
}

TEST_F(FineTuningRun, ACheckpointOfTrainingAllAlikeIsRefused) {
  ASSERT_EQ(go("run", 2), Ended::interrupted);
  // The flat buffers are laid out by group: moments of another layout would belong to other parameters.
  test::TinyNetwork network;
  train::TrainStep alike(network, {}, train::challenge_weights, 1);
  EXPECT_THROW(train::read_checkpoint(checkpoint("run"), {"tiny", "data", "split"}, network, alike.optimizer()),
               nn::Error);
}

}  // namespace
