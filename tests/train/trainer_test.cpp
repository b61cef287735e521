#include "train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "nn/core/parallel.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_pictures.h"
#include "train/training_run.h"
#include "train/weights.h"

namespace {

using testing::HasSubstr;
using train::Ended;

train::TrainConfig tiny_config(const std::filesystem::path& directory) {
  train::TrainConfig config;
  config.images = (directory / "images").string();
  config.labels = (directory / "labels.csv").string();
  config.groups = (directory / "groups.csv").string();
  config.size = 32;
  config.batch = 4;
  config.epochs = 2;
  config.validation = 0.25;
  config.seed = 5;
  return train::resolve(config);
}

const auto never = [] { return false; };

/// Stops after a number of questions: one a training step and one a validation batch.
auto after(int questions) {
  return [left = questions]() mutable { return --left < 0; };
}

/// A run directory with the whole of train::TrainingRun in it.
struct TinyRun {
  std::filesystem::path path;

  Ended go(const train::TrainConfig& config, const train::Trainer::StopRequested& stop = never) const {
    std::filesystem::create_directories(path);
    train::TrainingRun run(config, {path});
    train::TrainingObserver silent;
    return run.train(silent, stop);
  }
  std::string bytes(const char* file) const { return io::read_file(path / file); }
  /// The tensors of the last checkpoint: weights, statistics, moments, step state.
  std::string last_tensors() const { return io::weight_hash(io::read_safetensors(path / "last.safetensors")); }
};

void expect_equal_results(const TinyRun& a, const TinyRun& b) {
  EXPECT_EQ(io::weight_hash(io::read_safetensors(a.path / "model.safetensors")),
            io::weight_hash(io::read_safetensors(b.path / "model.safetensors")));
  EXPECT_TRUE(a.bytes("model.safetensors") == b.bytes("model.safetensors"));
  EXPECT_EQ(a.last_tensors(), b.last_tensors());
  EXPECT_EQ(a.bytes("predictions.csv"), b.bytes("predictions.csv"));
  EXPECT_EQ(a.bytes("split.csv"), b.bytes("split.csv"));
  auto rows_a = train::read_history(a.path / "history.csv"), rows_b = train::read_history(b.path / "history.csv");
  ASSERT_EQ(rows_a.size(), rows_b.size());
  for (std::size_t i = 0; i < rows_a.size(); ++i) {
    EXPECT_EQ(rows_a[i].train_loss, rows_b[i].train_loss);
    EXPECT_EQ(rows_a[i].validation_loss, rows_b[i].validation_loss);
    EXPECT_EQ(rows_a[i].auc, rows_b[i].auc);
  }
}

TEST(Trainer, TrainingTwiceGivesTheSameBytesWithAnyNumberOfThreads) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const TinyRun first{directory / "first"}, second{directory / "second"}, third{directory / "third"};
  const int threads = nn::thread_count();
  nn::set_thread_count(1);
  first.go(tiny_config(directory.path()));
  second.go(tiny_config(directory.path()));
  nn::set_thread_count(3);
  third.go(tiny_config(directory.path()));
  nn::set_thread_count(threads);
  expect_equal_results(first, second);
  expect_equal_results(first, third);
}

TEST(Trainer, AnotherSeedGivesOtherWeights) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const TinyRun first{directory / "first"}, second{directory / "second"};
  train::TrainConfig config = tiny_config(directory.path());
  config.epochs = 1;
  first.go(config);
  config.seed = 6;
  second.go(config);
  EXPECT_NE(first.last_tensors(), second.last_tensors());
  EXPECT_EQ(first.bytes("split.csv"), second.bytes("split.csv")) << "the split must not depend on --seed";
}

TEST(Trainer, StoppedAnywhereAndResumedItEndsWithTheSameBits) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const train::TrainConfig config = tiny_config(directory.path());
  const TinyRun whole{directory / "whole"};
  ASSERT_EQ(whole.go(config), Ended::all_epochs);
  const int threads = nn::thread_count();
  // An epoch has 5 steps, 2 batches of validation and a question at its end. 0: before anything; 4: after the last
  // step; 5 and 6: in the validation; 7: between the epochs.
  for (const int questions : {0, 2, 4, 5, 7, 9, 13}) {
    const TinyRun run{directory / ("stopped" + std::to_string(questions))};
    nn::set_thread_count(1);
    ASSERT_EQ(run.go(config, after(questions)), Ended::interrupted) << questions;
    nn::set_thread_count(2);
    ASSERT_EQ(run.go(config), Ended::all_epochs) << questions;
    SCOPED_TRACE(questions);
    expect_equal_results(whole, run);
  }
  nn::set_thread_count(threads);
}

TEST(Trainer, StoppedAtEveryStepItStillGetsThere) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const train::TrainConfig config = tiny_config(directory.path());
  const TinyRun whole{directory / "whole"}, halting{directory / "halting"};
  whole.go(config);
  int starts = 1;
  while (halting.go(config, after(2)) == Ended::interrupted && starts < 50) ++starts;
  EXPECT_GT(starts, 4);
  expect_equal_results(whole, halting);
}

TEST(Trainer, MoreEpochsGoOnFromTheLast) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const TinyRun run{directory / "run"};
  train::TrainConfig config = tiny_config(directory.path());
  run.go(config);
  const std::string first_epochs = run.bytes("history.csv");
  config.epochs = 3;
  EXPECT_EQ(run.go(config), Ended::all_epochs);
  EXPECT_EQ(train::read_history(run.path / "history.csv").size(), 3U);
  EXPECT_THAT(run.bytes("history.csv"), testing::StartsWith(first_epochs));
}

TEST(Trainer, AFinishedRunStaysAsItIs) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const TinyRun run{directory / "run"};
  run.go(tiny_config(directory.path()));
  const std::string before = run.bytes("last.safetensors");
  EXPECT_EQ(run.go(tiny_config(directory.path())), Ended::all_epochs);
  EXPECT_TRUE(run.bytes("last.safetensors") == before);
}

TEST(Trainer, LearnsWhatCanBeLearned) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path(), {.patients = 16});
  const TinyRun run{directory / "run"};
  train::TrainConfig config = tiny_config(directory.path());
  config.epochs = 6;
  run.go(config);
  const auto history = train::read_history(run.path / "history.csv");
  double best = std::numeric_limits<double>::infinity();
  for (const train::HistoryRow& row : history) best = std::min(best, row.weighted_log_loss);
  EXPECT_LT(best, 0.5 * history.back().class_prior);
}

TEST(Trainer, ShuffledLabelsDoNotBeatThePrior) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path(), {.patients = 20, .images_each = 4, .shuffled_labels = true});
  const TinyRun run{directory / "run"};
  train::TrainConfig config = tiny_config(directory.path());
  config.epochs = 4;
  run.go(config);
  // The best of four epochs may fall a little below the prior by chance: 20 validation images.
  for (const train::HistoryRow& row : train::read_history(run.path / "history.csv")) {
    EXPECT_GT(row.weighted_log_loss, 0.95 * row.class_prior) << "epoch " << row.epoch;
  }
}

TEST(Trainer, EndsEarlyWithoutImprovement) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path(), {.shuffled_labels = true});
  const TinyRun run{directory / "run"};
  train::TrainConfig config = tiny_config(directory.path());
  config.epochs = 40;
  config.patience = 1;
  EXPECT_EQ(run.go(config), Ended::early);
  const auto history = train::read_history(run.path / "history.csv");
  ASSERT_GE(history.size(), 2U);
  EXPECT_LT(history.size(), 40U);
  EXPECT_GE(history.back().validation_loss, history[history.size() - 2].validation_loss);
  EXPECT_EQ(run.go(config), Ended::early) << "resuming must not go on";
  EXPECT_EQ(train::read_history(run.path / "history.csv").size(), history.size());
}

TEST(Trainer, KeepsTheModelOfTheBestEpoch) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  const TinyRun run{directory / "run"};
  train::TrainConfig config = tiny_config(directory.path());
  config.epochs = 4;
  run.go(config);
  const auto history = train::read_history(run.path / "history.csv");
  const auto best = std::min_element(history.begin(), history.end(), [](const auto& a, const auto& b) {
    return a.validation_loss < b.validation_loss;
  });
  const train::ModelDescription model = train::read_model_description(run.path);
  EXPECT_EQ(model.epoch, best->epoch);
  // history.csv has nine digits.
  EXPECT_NEAR(model.validation_loss, best->validation_loss, 1e-8);
}

/// A network whose parameters are poisoned after a number of steps, so that every later gradient is not a number.
struct Poisoned : train::TrainingObserver {
  nn::Module* network = nullptr;
  int good_steps = 0, skipped = 0;

  void trained(int /*epoch*/, std::int64_t /*done*/, std::int64_t /*total*/, double /*loss*/) override {
    if (--good_steps > 0) return;
    network->parameters().front().parameter->value().data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  }
  void skipped_update(int /*epoch*/, std::int64_t /*step*/) override { ++skipped; }
};

TEST(Trainer, FailsAfterSeveralNonFiniteUpdatesAndKeepsTheLastGoodCheckpoint) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  train::TrainConfig config = tiny_config(directory.path());
  train::SliceCache cache;
  train::DatasetOptions options;
  options.images = config.images;
  options.labels = config.labels;
  options.groups = config.groups;
  const train::Dataset data = train::load_dataset(options, cache);
  const train::DataParts parts = train::split_dataset(data, config, train::default_id_key);
  const auto preprocessing =
      train::Preprocessing::defaults(train::ImageKind::pictures, train::InputKind::windows, config.size);
  train::Loader training(data, parts.training, preprocessing, train::training_options(4, 1), cache);
  train::Loader validation(data, parts.validation, preprocessing, train::evaluation_options(4), cache);
  std::vector<train::ImageLabels> labels;
  for (const std::size_t i : parts.validation) labels.push_back(data.images[i].labels);
  const auto network = models::make_model("cnn", {.channels = preprocessing.channels(), .size = 32});
  train::Trainer trainer({.network = *network,
                          .training = training,
                          .validation = validation,
                          .validation_labels = labels,
                          .class_prior = {},
                          .identity = {"cnn", "data", "split"},
                          .files = {directory / "last.safetensors", directory / "history.csv"}},
                         {.epochs = 3, .schedule = {}, .optimizer = {}, .max_skipped = 3});
  Poisoned poison;
  poison.network = network.get();
  poison.good_steps = 7;  // an epoch has 5: its checkpoint is good
  std::string message;
  try {
    trainer.run(
        poison, [](const auto&, const auto&) {}, never);
  } catch (const nn::Error& error) {
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr("3 updates in a row were skipped"));
  EXPECT_THAT(message, HasSubstr("epoch 2, step 5"));
  EXPECT_EQ(poison.skipped, 3);
  for (const io::StoredTensor& tensor : io::read_safetensors(directory / "last.safetensors").tensors) {
    if (tensor.type != io::ElementType::f32) continue;
    for (const float value : tensor.values<float>()) ASSERT_TRUE(std::isfinite(value)) << tensor.name;
  }
}

}  // namespace
