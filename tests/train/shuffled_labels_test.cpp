// The synthetic set holds nothing to learn but its bleeds: with the labels dealt out anew among the images, a network
// that learns the true ones does not beat the class prior.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "io/phantom/dataset.h"
#include "nn/core/philox.h"
#include "tests/support/temporary_directory.h"
#include "train/training_run.h"

namespace {

namespace fs = std::filesystem;

/// The labels of an image go to another one, whole, so that `any` stays the OR of the five.
void shuffle_labels(const fs::path& from, const fs::path& to) {
  train::LabelTable table = train::read_labels(from);
  nn::Random random(3);
  nn::shuffle(table.labels, random);
  std::ofstream csv(to);
  csv << "image";
  for (const std::string_view label : io::label_names) csv << ',' << label;
  for (std::size_t i = 0; i < table.ids.size(); ++i) {
    csv << '\n' << table.ids[i];
    for (const float value : table.labels[i].value) csv << ',' << value;
  }
  csv << '\n';
}

/// The least weighted log loss over the epochs, as a share of the class prior's.
double best_share_of_prior(const fs::path& data, const fs::path& labels, const fs::path& out) {
  train::TrainConfig config;
  config.images = (data / "stage_2_train").string();
  config.labels = labels.string();
  config.size = 64;
  config.batch = 16;
  config.epochs = 10;
  config.validation = 0.3;
  fs::create_directories(out);
  train::TrainingRun run(train::resolve(config), {out});
  train::TrainingObserver silent;
  run.train(silent, [] { return false; });
  double best = 1e9;
  for (const train::HistoryRow& row : run.history()) best = std::min(best, row.weighted_log_loss / row.class_prior);
  return best;
}

TEST(PhantomShuffledLabelsSlow, DoNotBeatTheClassPriorWhereTrueOnesDo) {
  const test::TemporaryDirectory directory;
  const fs::path data = directory / "data", shuffled = directory / "shuffled.csv";
  io::phantom::write_phantom_dataset(
      {.out = data, .patients = 70, .test_patients = 0, .slices = 12, .size = 64, .seed = 5});
  shuffle_labels(data / "stage_2_train.csv", shuffled);
  const double learnt = best_share_of_prior(data, data / "stage_2_train.csv", directory / "true");
  const double chance = best_share_of_prior(data, shuffled, directory / "chance");
  RecordProperty("share_of_prior", nn::message(learnt, " true, ", chance, " shuffled"));
  EXPECT_LT(learnt,
            0.97);  // 0.922 measured, direct and by minimal filtering; after 6 epochs rounding decides (0.93, 0.99)
  EXPECT_GT(chance, 0.99);  // 1.003 and 1.006 measured
}

}  // namespace
