// Data sets as users have them: the synthetic one with everything that is wrong with a hospital's folder, and real
// slices.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "io/phantom/dataset.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"
#include "train/data/dataset.h"
#include "train/data/load_benchmark.h"

namespace {

using train::Dataset;

std::size_t count(const Dataset& dataset, const std::string& code) {
  return static_cast<std::size_t>(std::count_if(dataset.rejected.begin(), dataset.rejected.end(),
                                                [&](const io::RejectedFile& row) { return row.code == code; }));
}

TEST(WholeDataset, SyntheticWithDefectsAndTraps) {
  const test::TemporaryDirectory directory;
  io::phantom::write_phantom_dataset({.out = directory / "data",
                                      .patients = 3,
                                      .test_patients = 1,
                                      .slices = 8,
                                      .size = 64,
                                      .defects = 3,
                                      .traps = true});
  train::SliceCache cache;
  const Dataset dataset = train::load_dataset({.images = directory / "data/stage_2_train",
                                               .labels = directory / "data/stage_2_train.csv",
                                               .groups = {},
                                               .label_options = {},
                                               .kind = {}},
                                              cache);
  EXPECT_EQ(dataset.images.size() + dataset.rejected.size(), dataset.files);
  EXPECT_EQ(dataset.labelled().size(), dataset.images.size());
  EXPECT_TRUE(dataset.by_patient);
  EXPECT_EQ(count(dataset, "localizer"), 1U);
  EXPECT_GT(count(dataset, "tilted"), 0U);  // the coronal reformat
  EXPECT_GT(count(dataset, "duplicate"), 0U);
  EXPECT_GT(count(dataset, "truncated") + count(dataset, "no_pixel_data") + count(dataset, "unreadable"), 0U);
  EXPECT_FALSE(dataset.conflicting_twins.empty());

  std::set<std::size_t> stacks;
  for (std::size_t i = 0; i < dataset.images.size(); ++i) {
    const train::DatasetImage& image = dataset.images[i];
    stacks.insert(image.stack);
    for (const std::size_t neighbour : image.neighbours) {
      EXPECT_EQ(dataset.images[neighbour].series, image.series);
      EXPECT_LE(std::max(neighbour, i) - std::min(neighbour, i), 1U);
    }
    if (image.order > 0) {
      EXPECT_GE(image.position_mm, dataset.images[i - 1].position_mm);
    }
  }
  EXPECT_GE(stacks.size(), 3U);
}

TEST(WholeDataset, RealSlicesWithTheirLabels) {
  const std::filesystem::path images = test::shared_data("dicom/rsna-ich-labelled-5");
  if (!std::filesystem::exists(images)) GTEST_SKIP() << images << " is absent";
  train::SliceCache cache;
  const Dataset dataset =
      train::load_dataset({.images = images,
                           .labels = test::shared_data("labels/rsna5_from_filenames_stage2_format.csv"),
                           .groups = {},
                           .label_options = {.soft_labels = false, .mask_missing = true},
                           .kind = {}},
                          cache);
  EXPECT_EQ(dataset.images.size(), 5U);
  for (const train::DatasetImage& image : dataset.images) EXPECT_EQ(image.labels.value[0], 1) << image.id;
  std::array<int, 6> positives{};
  for (const train::DatasetImage& image : dataset.images) {
    for (std::size_t label = 0; label < 6; ++label) positives[label] += image.labels.value[label] > 0;
  }
  for (const int number : positives) EXPECT_GT(number, 0);  // all five subtypes between them
}

TEST(WholeDataset, LoadingIsTimed) {
  const test::TemporaryDirectory directory;
  io::phantom::write_phantom_dataset(
      {.out = directory / "data", .patients = 2, .test_patients = 1, .slices = 4, .size = 64});
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "data/stage_2_test")) {
    files.push_back(entry.path().string());
  }
  const train::Preprocessing preprocessing =
      train::Preprocessing::defaults(train::ImageKind::dicom, train::InputKind::slices, 32);
  const train::LoadTimes times = train::benchmark_load(files, preprocessing, 3);
  EXPECT_GT(times.images_per_second, 0);
  EXPECT_LE(times.milliseconds_min, times.milliseconds);
  EXPECT_LE(times.milliseconds, times.milliseconds_max);
  EXPECT_NEAR(times.images_per_second * times.milliseconds, 1000, 1);
  EXPECT_THROW(train::benchmark_load({}, preprocessing), nn::Error);
}

}  // namespace
