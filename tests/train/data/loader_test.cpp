#include "train/data/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "io/rejected_file.h"
#include "nn/core/allocator.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/data/image_files.h"

namespace {

using train::Batch;
using train::Dataset;
using train::ImageKind;
using train::InputKind;
using train::Loader;
using train::LoaderOptions;
using train::Preprocessing;

constexpr int image_count = 23, batch_size = 5;

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    std::vector<test::LabelRow> rows;
    for (int i = 0; i < image_count; ++i) {
      const std::string id = nn::message("ID_", i);
      test::write_slice(directory_ / "images" / (id + ".dcm"), {.image_id = id,
                                                                .patient = nn::message("P", i % 4),
                                                                .series = nn::message("S", i % 4),
                                                                .position_mm = 5.0 * i,
                                                                .seed = i});
      rows.push_back({id, i % 3 == 0});
    }
    test::write_labels(directory_ / "labels.csv", rows);
    dataset_ = train::load_dataset({.images = directory_ / "images",
                                    .labels = directory_ / "labels.csv",
                                    .groups = {},
                                    .label_options = {},
                                    .kind = {}},
                                   cache_);
  }

  Loader loader(const LoaderOptions& options, InputKind input = InputKind::windows) {
    return {dataset_, dataset_.labelled(), Preprocessing::defaults(ImageKind::dicom, input, 8), options, cache_};
  }

  test::TemporaryDirectory directory_;
  train::SliceCache cache_;
  Dataset dataset_;
};

LoaderOptions training(int workers, int prefetch = 3) {
  LoaderOptions options = train::training_options(batch_size, 42);
  options.workers = workers;
  options.prefetch = prefetch;
  return options;
}

/// Everything a batch holds, for comparison.
struct Content {
  std::vector<float> input, targets, mask;
  std::vector<std::size_t> images;
  int epoch;
  std::int64_t step;

  bool operator==(const Content&) const = default;
};

Content content(const Batch& batch) {
  return {batch.input.to_vector<float>(),
          batch.targets.to_vector<float>(),
          batch.mask.to_vector<float>(),
          batch.images,
          batch.epoch,
          batch.step};
}

std::vector<Content> run(Loader& loader, int epoch, std::int64_t first_step = 0) {
  std::vector<Content> batches;
  loader.start(epoch, first_step);
  while (const std::optional<Batch> batch = loader.next()) batches.push_back(content(*batch));
  return batches;
}

std::vector<std::size_t> images_of(const std::vector<Content>& batches) {
  std::vector<std::size_t> images;
  for (const Content& batch : batches) images.insert(images.end(), batch.images.begin(), batch.images.end());
  return images;
}

TEST_F(LoaderTest, AnEpochHasEveryImageOnceAndKeepsTheLastPartialBatch) {
  Loader training_loader = loader(training(2));
  EXPECT_EQ(training_loader.steps_per_epoch(), 5);
  const std::vector<Content> batches = run(training_loader, 0);
  ASSERT_EQ(batches.size(), 5U);
  EXPECT_EQ(batches[0].images.size(), 5U);
  EXPECT_EQ(batches[4].images.size(), 3U);
  EXPECT_EQ(batches[4].input.size(), 3U * 8 * 8 * 3);
  EXPECT_EQ(batches[4].step, 4);
  std::vector<std::size_t> images = images_of(batches);
  std::sort(images.begin(), images.end());
  EXPECT_EQ(images, dataset_.labelled());
}

TEST_F(LoaderTest, BatchesDoNotDependOnWorkersOrPrefetch) {
  for (const InputKind input : {InputKind::windows, InputKind::slices}) {
    Loader one = loader(training(1, 1), input), two = loader(training(2, 3), input),
           five = loader(training(5, 7), input);
    const std::vector<Content> expected = run(one, 3);
    EXPECT_EQ(run(two, 3), expected);
    EXPECT_EQ(run(five, 3), expected);
  }
}

/// The input that becomes of raw batches, a batch at a time.
std::vector<std::vector<float>> inputs_of_raw(Loader& loader, int epoch) {
  std::vector<std::vector<float>> inputs;
  loader.start(epoch);
  while (const std::optional<Batch> batch = loader.next()) {
    EXPECT_FALSE(batch->input.defined());
    const nn::Tensor y = nn::Tensor::empty(batch->input_shape());
    train::make_input(batch->raw, y);
    inputs.push_back(y.to_vector<float>());
  }
  return inputs;
}

TEST_F(LoaderTest, RawBatchesBecomeTheSameInput) {
  for (const InputKind input : {InputKind::windows, InputKind::slices}) {
    LoaderOptions raw_options = training(3);
    raw_options.raw = true;
    Loader made = loader(training(2), input), raw = loader(raw_options, input);
    std::vector<std::vector<float>> expected;
    for (const Content& batch : run(made, 3)) expected.push_back(batch.input);
    EXPECT_EQ(inputs_of_raw(raw, 3), expected);
  }
}

TEST_F(LoaderTest, RawSlicesOfOneSizeLieSideBySide) {
  LoaderOptions options = train::evaluation_options(batch_size);
  options.raw = true;
  Loader evaluation = loader(options);
  evaluation.start(0);
  const std::optional<Batch> batch = evaluation.next();
  ASSERT_TRUE(batch.has_value());
  evaluation.stop();
  const std::vector<nn::Tensor>& slices = batch->raw.slices;
  ASSERT_EQ(slices.size(), 5U);
  for (std::size_t i = 1; i < slices.size(); ++i) {
    EXPECT_EQ(slices[i].data<std::int16_t>(), slices[i - 1].data<std::int16_t>() + slices[i].elements());
  }
}

TEST_F(LoaderTest, ResumingWithinAnEpochGivesItsRemainingBatches) {
  Loader whole = loader(training(2)), resumed = loader(training(3));
  const std::vector<Content> all = run(whole, 1);
  for (std::int64_t step = 0; step <= 5; ++step) {
    EXPECT_EQ(run(resumed, 1, step), (std::vector<Content>{all.begin() + step, all.end()})) << step;
  }
}

TEST_F(LoaderTest, OrderAndAugmentationDifferFromEpochToEpoch) {
  Loader training_loader = loader(training(2));
  const std::vector<Content> first = run(training_loader, 0), second = run(training_loader, 1);
  EXPECT_NE(images_of(first), images_of(second));
  EXPECT_EQ(run(training_loader, 0), first);

  LoaderOptions in_order = training(2);
  in_order.shuffle = false;
  Loader unshuffled = loader(in_order);
  EXPECT_NE(run(unshuffled, 0)[0].input, run(unshuffled, 1)[0].input);
}

TEST_F(LoaderTest, SeedsDiffer) {
  LoaderOptions other_seed = training(2);
  other_seed.seed = 43;
  Loader first = loader(training(2)), second = loader(other_seed);
  EXPECT_NE(images_of(run(first, 0)), images_of(run(second, 0)));
}

TEST_F(LoaderTest, EvaluationKeepsOrderAndImagesAsTheyAre) {
  Loader evaluation = loader(train::evaluation_options(batch_size));
  const std::vector<Content> first = run(evaluation, 0);
  EXPECT_EQ(images_of(first), dataset_.labelled());
  const std::vector<Content> second = run(evaluation, 1);
  const Preprocessing preprocessing = Preprocessing::defaults(ImageKind::dicom, InputKind::windows, 8);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].input, second[i].input);

  const train::DecodedImage image = train::decode_image(dataset_.images[0].path, ImageKind::dicom);
  const std::vector<const train::DecodedImage*> slices = {&image};
  const nn::Tensor expected = nn::Tensor::empty({1, 8, 8, 3});
  train::prepare_input(preprocessing, slices, {}, expected);
  const std::vector<float> values = expected.to_vector<float>();
  EXPECT_TRUE(std::equal(values.begin(), values.end(), first[0].input.begin()));
}

TEST_F(LoaderTest, TargetsAndMasksAreThoseOfTheImages) {
  dataset_.images[2].labels.known[5] = false;
  dataset_.images[2].labels.value[5] = 0;
  Loader evaluation = loader(train::evaluation_options(batch_size));
  const Content first = run(evaluation, 0)[0];
  for (std::size_t i = 0; i < 5; ++i) {
    const train::ImageLabels& labels = dataset_.images[first.images[i]].labels;
    for (std::size_t label = 0; label < 6; ++label) {
      EXPECT_EQ(first.targets[6 * i + label], labels.value[label]);
      EXPECT_EQ(first.mask[6 * i + label], i == 2 && label == 5 ? 0 : 1);
    }
  }
}

TEST_F(LoaderTest, SlicesInputShowsTheNeighbours) {
  Loader evaluation = loader(train::evaluation_options(1), InputKind::slices);
  evaluation.start(0, 1);  // the second slice of the first stack
  const std::optional<Batch> batch = evaluation.next();
  ASSERT_TRUE(batch.has_value());
  evaluation.stop();
  const nn::Tensor expected = nn::Tensor::empty({1, 8, 8, 3});
  std::vector<train::DecodedImage> decoded;
  for (const std::size_t i : dataset_.images[batch->images[0]].neighbours) {
    decoded.push_back(train::decode_image(dataset_.images[i].path, ImageKind::dicom));
  }
  const std::vector<const train::DecodedImage*> slices = {&decoded[0], &decoded[1], &decoded[2]};
  train::prepare_input(Preprocessing::defaults(ImageKind::dicom, InputKind::slices, 8), slices, {}, expected);
  EXPECT_EQ(batch->input.to_vector<float>(), expected.to_vector<float>());
  EXPECT_NE(expected.channel_range(0, 1).to_vector<float>(), expected.channel_range(1, 2).to_vector<float>());
}

TEST_F(LoaderTest, WorkersStayWithinThePrefetch) {
  const std::size_t batch_bytes = batch_size * (8 * 8 * 3 + 12) * sizeof(float);
  Loader training_loader = loader(training(4, 2));
  const std::size_t before = nn::memory_use(nn::Device::cpu).live;
  training_loader.start(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // more than all five batches would take
  // All workers wait now, at most with the few parameters of an image in hand.
  constexpr std::size_t in_hand = 4 * 1024;
  const std::size_t live = nn::memory_use(nn::Device::cpu).live - before;
  EXPECT_LE(live, 2 * batch_bytes + in_hand);
  EXPECT_GE(live, 2 * batch_bytes);
  training_loader.stop();
  EXPECT_EQ(nn::memory_use(nn::Device::cpu).live, before);
}

TEST_F(LoaderTest, StoppingEarlyAndStartingAgainIsClean) {
  Loader training_loader = loader(training(3));
  const std::vector<Content> expected = run(training_loader, 2);
  for (int i = 0; i < 20; ++i) {
    training_loader.start(i);
    if (i % 3 > 0) training_loader.next();
    if (i % 2 == 0) training_loader.stop();
  }
  EXPECT_EQ(run(training_loader, 2), expected);
  EXPECT_FALSE(training_loader.next().has_value());
  {
    Loader abandoned = loader(training(3)), idle = loader(training(1));
    abandoned.start(0);
  }
}

TEST_F(LoaderTest, AFileThatIsGoneIsAnErrorThatNamesIt) {
  const std::string lost = dataset_.images[12].path;  // of the third batch
  std::filesystem::remove(lost);
  for (const int workers : {1, 4}) {
    train::SliceCache cold(0);
    LoaderOptions options = train::evaluation_options(batch_size);
    options.workers = workers;
    Loader evaluation(dataset_, dataset_.labelled(), Preprocessing::defaults(ImageKind::dicom, InputKind::windows, 8),
                      options, cold);
    evaluation.start(0);
    EXPECT_TRUE(evaluation.next().has_value());
    EXPECT_TRUE(evaluation.next().has_value());
    try {
      evaluation.next();
      FAIL() << "the third batch cannot be made";
    } catch (const io::FileRejected& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(lost));
    }
    EXPECT_FALSE(evaluation.next().has_value());
    evaluation.start(0, 3);  // what is whole can still be had
    EXPECT_TRUE(evaluation.next().has_value());
  }
}

TEST_F(LoaderTest, AnEmptyPartHasNoBatches) {
  Loader empty(dataset_, {}, Preprocessing::defaults(ImageKind::dicom, InputKind::windows, 8),
               train::evaluation_options(4), cache_);
  EXPECT_EQ(empty.steps_per_epoch(), 0);
  EXPECT_TRUE(run(empty, 0).empty());
}

TEST_F(LoaderTest, RefusesWhatCannotBe) {
  EXPECT_THROW(loader(train::evaluation_options(0)), nn::Error);
  EXPECT_THROW(loader(training(0)), nn::Error);
  EXPECT_THROW(loader(training(1, 0)), nn::Error);
  EXPECT_THROW(Loader(dataset_, {99}, Preprocessing::defaults(ImageKind::dicom, InputKind::windows, 8),
                      train::evaluation_options(4), cache_),
               nn::Error);
  EXPECT_THROW(Loader(dataset_, {0}, Preprocessing::defaults(ImageKind::pictures, InputKind::windows, 8),
                      train::evaluation_options(4), cache_),
               nn::Error);
  Loader good = loader(training(1));
  EXPECT_THROW(good.start(0, 6), nn::Error);
}

/// The pictures below `directory`, with these labels.
Dataset labelled_pictures(const test::TemporaryDirectory& directory, const std::vector<test::LabelRow>& labels,
                          train::SliceCache& cache) {
  test::write_labels(directory / "labels.csv", labels);
  return train::load_dataset({.images = directory / "pictures",
                              .labels = directory / "labels.csv",
                              .groups = {},
                              .label_options = {},
                              .kind = {}},
                             cache);
}

TEST(LoaderOfPictures, LoadsThem) {
  const test::TemporaryDirectory directory;
  for (int i = 0; i < 3; ++i) {
    test::write_picture(directory / ("pictures/" + std::to_string(i) + ".png"), 20, 16, i);
  }
  train::SliceCache cache;
  const Dataset dataset = labelled_pictures(directory, {{"0", true}, {"1", false}, {"2", true}}, cache);
  Loader evaluation(dataset, dataset.labelled(), Preprocessing::defaults(ImageKind::pictures, InputKind::windows, 8),
                    train::evaluation_options(2), cache);
  const std::vector<Content> batches = run(evaluation, 0);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].input.size(), 8U * 8 * 3);
  EXPECT_GT(*std::max_element(batches[0].input.begin(), batches[0].input.end()), 0.5F);
}

TEST(LoaderOfPictures, OfSeveralSizesMakesTheSameInputOfRawBatches) {
  const test::TemporaryDirectory directory;
  const int sizes[][2] = {{20, 16}, {20, 16}, {9, 31}, {20, 16}, {9, 31}, {9, 31}};
  std::vector<test::LabelRow> rows;
  for (int i = 0; i < 6; ++i) {
    test::write_picture(directory / ("pictures/" + std::to_string(i) + ".png"), sizes[i][0], sizes[i][1], i);
    rows.push_back({std::to_string(i), i % 2 == 0});
  }
  train::SliceCache cache;
  const Dataset dataset = labelled_pictures(directory, rows, cache);
  Preprocessing preprocessing = Preprocessing::defaults(ImageKind::pictures, InputKind::windows, 8);
  preprocessing.mean = {0.4, 0.5, 0.6};
  preprocessing.deviation = {0.2, 0.3, 0.4};
  LoaderOptions options = train::evaluation_options(6);
  Loader made(dataset, dataset.labelled(), preprocessing, options, cache);
  options.raw = true;
  Loader raw(dataset, dataset.labelled(), preprocessing, options, cache);
  EXPECT_EQ(inputs_of_raw(raw, 0), std::vector<std::vector<float>>{run(made, 0)[0].input});
}

}  // namespace
