#include "train/predict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/files/atomic_file.h"
#include "models/registry.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_pictures.h"
#include "train/training_run.h"

namespace {

using testing::HasSubstr;

/// Trains for an epoch on tiny pictures in DIR; the run is DIR/run.
void train_tiny(const test::TemporaryDirectory& directory) {
  test::write_tiny_pictures(directory.path());
  train::TrainConfig config;
  config.images = (directory / "images").string();
  config.labels = (directory / "labels.csv").string();
  config.groups = (directory / "groups.csv").string();
  config.size = 32;
  config.batch = 8;
  config.epochs = 1;
  std::filesystem::create_directories(directory / "run");
  train::TrainingRun run(train::resolve(config), {directory / "run"});
  train::TrainingObserver silent;
  run.train(silent, [] { return false; });
}

TEST(Predict, GivesTheNumbersOfTheValidation) {
  const test::TemporaryDirectory directory;
  train_tiny(directory);
  train::SliceCache cache;
  const auto run = train::predict(train::read_model(directory / "run"), {.input = directory / "images"}, cache);
  EXPECT_EQ(run.predictions.size(), 24U);
  const auto validation = train::read_predictions(directory / "run" / "predictions.csv");
  ASSERT_FALSE(validation.empty());
  for (const train::Prediction& expected : validation) {
    const auto found = std::find_if(run.predictions.begin(), run.predictions.end(),
                                    [&](const train::Prediction& p) { return p.image == expected.image; });
    ASSERT_NE(found, run.predictions.end()) << expected.image;
    for (std::size_t i = 0; i < expected.probability.size(); ++i) {
      // Tables have nine digits.
      EXPECT_NEAR(found->probability[i], expected.probability[i], 1e-8) << expected.image;
    }
  }
}

TEST(Predict, DoesNotDependOnTheBatch) {
  const test::TemporaryDirectory directory;
  train_tiny(directory);
  train::SliceCache cache;
  const train::ModelFile model = train::read_model(directory / "run");
  const auto one = train::predict(model, {.input = directory / "images", .batch = 1}, cache);
  const auto many = train::predict(model, {.input = directory / "images", .batch = 7}, cache);
  ASSERT_EQ(one.predictions.size(), many.predictions.size());
  for (std::size_t i = 0; i < one.predictions.size(); ++i) {
    EXPECT_EQ(one.predictions[i].image, many.predictions[i].image);
    EXPECT_EQ(one.predictions[i].logit, many.predictions[i].logit);
  }
}

TEST(Predict, TakesASingleFile) {
  const test::TemporaryDirectory directory;
  train_tiny(directory);
  train::SliceCache cache;
  const train::ModelFile model = train::read_model(directory / "run");
  const auto run = train::predict(model, {.input = directory / "images" / "picture3.png"}, cache);
  ASSERT_EQ(run.predictions.size(), 1U);
  EXPECT_EQ(run.predictions[0].image, "picture3");
  EXPECT_EQ(run.predictions[0].context, "") << "a windows model needs no neighbours";
}

TEST(Predict, RejectedFilesAreListedAndTheOthersPredicted) {
  const test::TemporaryDirectory directory;
  train_tiny(directory);
  const auto image = directory / "images" / "broken.png";
  io::write_file_atomically(image, io::read_file(directory / "images" / "picture0.png").substr(0, 200));
  train::SliceCache cache;
  const auto run = train::predict(train::read_model(directory / "run"), {.input = directory / "images"}, cache);
  EXPECT_EQ(run.predictions.size(), 24U);
  ASSERT_EQ(run.dataset.rejected.size(), 1U);
  EXPECT_EQ(run.dataset.rejected[0].file, "broken.png");
}

TEST(Predict, NothingToPredictIsAnError) {
  const test::TemporaryDirectory directory;
  train_tiny(directory);
  train::SliceCache cache;
  const train::ModelFile model = train::read_model(directory / "run");
  std::filesystem::create_directories(directory / "empty");
  EXPECT_THROW(train::predict(model, {.input = directory / "empty"}, cache), nn::Error);
  EXPECT_THROW(train::predict(model, {.input = directory / "absent"}, cache), nn::Error);
  EXPECT_THROW(train::predict(model, {.input = directory / "labels.csv"}, cache), nn::Error);
}

}  // namespace
