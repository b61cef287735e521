// A run that ends before its first step.
#include "train/training_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_pictures.h"

namespace {

namespace fs = std::filesystem;

TEST(TrainingRun, StoppedWhileItTunesItIsBegunByResuming) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  train::TrainConfig config;
  config.images = (directory / "images").string();
  config.labels = (directory / "labels.csv").string();
  config.groups = (directory / "groups.csv").string();
  config.size = 32;
  config.batch = 4;
  config.epochs = 1;
  config.validation = 0.25;
  config.compute = {.device = "cpu", .conv = "tune"};
  const train::RunDirectory files{directory / "run"};
  fs::create_directories(files.path);
  const auto go = [&](const train::TrainConfig& run_config, int questions) {
    train::TrainingRun run(run_config, files);
    train::TrainingObserver silent;
    return run.train(silent, [&] { return --questions < 0; });
  };
  EXPECT_EQ(go(train::resolve(config), 1), train::Ended::interrupted);
  EXPECT_FALSE(fs::exists(files.conv_choices()));
  EXPECT_FALSE(fs::exists(files.checkpoint()));
  ASSERT_TRUE(fs::exists(files.config())) << "which resuming reads";
  EXPECT_EQ(go(train::read_train_config(files.config()), 1000), train::Ended::all_epochs);
  EXPECT_EQ(train::read_conv_choices(files.conv_choices()).table->decisions().size(), 9U);
}

TEST(TrainingRun, TellsOfPixelsOnBothSidesOfTheSplit) {
  const test::TemporaryDirectory directory;
  test::write_tiny_pictures(directory.path());
  for (int number = 2; number < 24; number += 2) {  // of all patients, with the labels of the first
    fs::copy_file(directory / "images/picture0.png", directory / ("images/picture" + std::to_string(number) + ".png"),
                  fs::copy_options::overwrite_existing);
  }
  train::TrainConfig config;
  config.images = (directory / "images").string();
  config.labels = (directory / "labels.csv").string();
  config.groups = (directory / "groups.csv").string();
  config.size = 32;
  config.validation = 0.25;
  config.compute.device = "cpu";
  const train::TrainingRun run(train::resolve(config), train::RunDirectory{directory / "run"});
  EXPECT_THAT(
      run.warnings(),
      testing::Contains(testing::HasSubstr(" of 6 validation images are, pixel for pixel, among the training images")));
  EXPECT_TRUE(run.dataset().conflicting_twins.empty());
}

}  // namespace
