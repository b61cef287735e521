// Prediction by several networks of different sizes and windows, against each network alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/pictures/picture_reader.h"
#include "io/pictures/png_writer.h"
#include "models/registry.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_pictures.h"
#include "train/predict.h"

namespace {

namespace fs = std::filesystem;
using train::Prediction;

/// Pictures, and untrained networks that read them.
class PredictEnsemble : public testing::Test {
 protected:
  void SetUp() override { test::write_tiny_pictures(directory_.path(), {.patients = 3}); }

  train::Member member(const std::string& name, const std::string& network, int size, std::uint64_t seed,
                       io::GreyWindow window = train::picture_window) const {
    train::ModelDescription description;
    description.architecture = network;
    description.preprocessing =
        train::Preprocessing::defaults(train::ImageKind::pictures, train::InputKind::windows, size);
    description.preprocessing.windows = {window};
    const fs::path path = directory_ / (name + ".safetensors");
    train::write_model(path, description, *models::make_model(network, {.size = size, .seed = seed}));
    return train::read_member(path);
  }
  train::Ensemble two_members() const {
    return {.members = {member("cnn", "cnn", 32, 1), member("old", "cnn-2019", 24, 2, {100, 120})}};
  }
  std::vector<Prediction> predict(const train::Ensemble& ensemble, train::SliceCache& cache) const {
    return train::predict(ensemble, {.input = directory_ / "images", .batch = 4}, cache).predictions;
  }
  std::vector<Prediction> predict(const train::Ensemble& ensemble) const {
    train::SliceCache cache;
    return predict(ensemble, cache);
  }

  test::TemporaryDirectory directory_;
};

TEST_F(PredictEnsemble, MembersOfOtherSizesAndWindowsSayWhatTheySayAlone) {
  const train::Ensemble ensemble = two_members();
  const auto together = predict(ensemble);
  const auto first = predict({.members = {ensemble.members[0]}}), second = predict({.members = {ensemble.members[1]}});
  ASSERT_EQ(together.size(), 9U);
  for (std::size_t i = 0; i < together.size(); ++i) {
    ASSERT_EQ(together[i].by_member.size(), 2U);
    EXPECT_EQ(together[i].by_member[0], first[i].probability) << "to the last bit";
    EXPECT_EQ(together[i].by_member[1], second[i].probability);
    EXPECT_TRUE(first[i].by_member.empty()) << "one model has no members";
    for (std::size_t k = 0; k < io::label_count; ++k) {
      EXPECT_NEAR(together[i].probability[k], (first[i].probability[k] + second[i].probability[k]) / 2, 1e-15);
    }
  }
}

TEST_F(PredictEnsemble, FoldsOfAMemberAreAveragedBeforeMembersAre) {
  train::Ensemble ensemble = two_members();
  ensemble.members[1].models.push_back(member("third", "cnn", 48, 3).models[0]);
  const auto together = predict(ensemble);
  const auto third = predict({.members = {member("third", "cnn", 48, 3)}});
  const auto apart = predict(two_members());
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i].by_member.size(), 2U);
    EXPECT_NEAR(together[i].by_member[1][0], (apart[i].by_member[1][0] + third[i].probability[0]) / 2, 1e-15);
  }
}

TEST_F(PredictEnsemble, AModelThatGivesNoNumberIsRefused) {
  train::Ensemble ensemble = two_members();
  for (io::StoredTensor& tensor : ensemble.members[1].models[0].contents.tensors) {
    if (!tensor.name.ends_with("classifier.bias")) continue;
    std::vector<float> values = tensor.values<float>();
    values[3] = std::numeric_limits<float>::quiet_NaN();
    tensor = io::stored_tensor<float>(tensor.name, tensor.shape, values);
  }
  EXPECT_THAT(test::error_of([&] { predict(ensemble); }),
              testing::HasSubstr("old.safetensors: gives no finite number"));
}

TEST_F(PredictEnsemble, EachFileIsDecodedOnceForAllMembersAndViews) {
  train::Ensemble ensemble = two_members();
  ensemble.augmentation = train::TestTimeAugmentation::flip_shift;
  train::SliceCache cache;
  const auto rows = predict(ensemble, cache);
  EXPECT_EQ(cache.misses(), rows.size());
  EXPECT_GE(cache.hits(), 12 * rows.size()) << "two networks, six views";
}

TEST_F(PredictEnsemble, MembersShareWhatIsDecodedWhenTheCacheIsSmall) {
  train::Ensemble ensemble = two_members();
  ensemble.augmentation = train::TestTimeAugmentation::flip;
  train::SliceCache cache(4 * 32 * 32 * 3 * sizeof(std::int16_t));  // four of the nine pictures
  const auto rows = predict(ensemble, cache), expected = predict(ensemble);
  EXPECT_LE(cache.misses(), 2 * rows.size()) << "once to check them, once for two networks with two views each";
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].image, expected[i].image);
    EXPECT_EQ(rows[i].probability, expected[i].probability);
  }
}

TEST_F(PredictEnsemble, ViewsAreAveragedAsProbabilities) {
  train::Ensemble ensemble{.members = {member("cnn", "cnn", 32, 1)}};
  const auto plain = predict(ensemble);
  ensemble.augmentation = train::TestTimeAugmentation::flip;
  const auto flipped = predict(ensemble);
  // The mirrored file without augmentation is the second view of the original.
  fs::create_directories(directory_ / "mirrored");
  for (const Prediction& row : plain) {
    io::Picture picture = io::read_picture((directory_ / "images" / row.file).string(), 1);
    for (int y = 0; y < picture.height; ++y) {
      std::reverse(picture.pixels.begin() + y * picture.width, picture.pixels.begin() + (y + 1) * picture.width);
    }
    io::write_png(directory_ / "mirrored" / row.file, picture);
  }
  train::SliceCache cache;
  const auto mirrored =
      train::predict({.members = ensemble.members}, {.input = directory_ / "mirrored"}, cache).predictions;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    for (std::size_t k = 0; k < io::label_count; ++k) {
      EXPECT_NEAR(flipped[i].probability[k], (plain[i].probability[k] + mirrored[i].probability[k]) / 2, 1e-9);
    }
    EXPECT_NEAR(flipped[i].logit[0], std::log(flipped[i].probability[0] / (1 - flipped[i].probability[0])), 1e-12);
  }
}

TEST_F(PredictEnsemble, IsTheSameForAnyBatchAndEveryTime) {
  train::Ensemble ensemble = two_members();
  ensemble.augmentation = train::TestTimeAugmentation::flip_shift;
  train::SliceCache cache;
  const auto one = train::predict(ensemble, {.input = directory_ / "images", .batch = 1}, cache).predictions;
  const auto many = predict(ensemble);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].logit, many[i].logit);
}

TEST_F(PredictEnsemble, ProgressCountsImagesAndMayStop) {
  const train::Ensemble ensemble = two_members();
  train::SliceCache cache;
  std::vector<std::int64_t> seen;
  train::predict(ensemble, {.input = directory_ / "images", .batch = 4}, cache, [&](std::int64_t done, std::int64_t n) {
    EXPECT_EQ(n, 9);
    seen.push_back(done);
    return true;
  });
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 9);
  struct Enough {};
  EXPECT_THROW(train::predict(ensemble, {.input = directory_ / "images"}, cache,
                              [](std::int64_t, std::int64_t) -> bool { throw Enough(); }),
               Enough);
}

TEST_F(PredictEnsemble, PicturesOfAFolderAreAStudy) {
  for (const char* folder : {"images/a", "images/b/c"}) fs::create_directories(directory_ / folder);
  fs::rename(directory_ / "images/picture1.png", directory_ / "images/a/picture1.png");
  fs::rename(directory_ / "images/picture2.png", directory_ / "images/b/c/picture2.png");
  train::SliceCache cache;
  const auto run = train::predict(two_members(), {.input = directory_ / "images"}, cache);
  std::vector<std::string> studies;
  for (const train::StudyPrediction& row : run.studies) {
    if (row.is_study) studies.push_back(row.study);
  }
  EXPECT_THAT(studies, testing::UnorderedElementsAre("folder:.", "folder:a", "folder:b/c"));
  EXPECT_EQ(run.predictions[0].patient, "") << "pictures name no patient";
}

}  // namespace
