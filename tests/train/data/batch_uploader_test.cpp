// On a GPU if there is one, else on a stand-in whose kernels are the CPU's.
#include "train/data/batch_uploader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "nn/core/error.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/data/image_files.h"
#include "tests/train/data/stand_in_device.h"
#include "train/data/loader.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Tensor;
using train::Batch;
using train::BatchUploader;
using train::DeviceBatch;
using train::Loader;
using train::LoaderOptions;
using train::Preprocessing;

std::vector<float> on_host(const Tensor& tensor) { return nn::to_device(tensor, Device::cpu).to_vector<float>(); }

void expect_equal_labels(const DeviceBatch& actual, const Batch& expected) {
  EXPECT_EQ(on_host(actual.targets), expected.targets.to_vector<float>());
  EXPECT_EQ(on_host(actual.mask), expected.mask.to_vector<float>());
}

void expect_equal(const DeviceBatch& actual, const Batch& expected) {
  EXPECT_EQ(on_host(actual.input), expected.input.to_vector<float>());
  expect_equal_labels(actual, expected);
}

/// Pictures of two sizes, mixed, in batches of 4 and a last one of 3.
class BatchesToCuda : public testing::Test {
 protected:
  BatchesToCuda() {
    std::vector<test::LabelRow> rows;
    for (int i = 0; i < 15; ++i) {
      const std::string id = nn::message("p", 10 + i);
      const bool large = i % 5 == 2;
      test::write_picture(directory_ / ("pictures/" + id + ".png"), large ? 30 : 20, large ? 25 : 16, i);
      rows.push_back({id, i % 3 == 0});
    }
    test::write_labels(directory_ / "labels.csv", rows);
    dataset_ = train::load_dataset({.images = directory_ / "pictures",
                                    .labels = directory_ / "labels.csv",
                                    .groups = {},
                                    .label_options = {},
                                    .kind = {}},
                                   cache_);
    preprocessing_ = Preprocessing::defaults(train::ImageKind::pictures, train::InputKind::windows, 8);
    preprocessing_.mean = {0.4, 0.5, 0.6};
    preprocessing_.deviation = {0.2, 0.3, 0.4};
  }

  std::vector<Batch> batches(bool raw) {
    LoaderOptions options = train::training_options(4, 7);
    options.raw = raw;
    Loader loader(dataset_, dataset_.labelled(), preprocessing_, options, cache_);
    std::vector<Batch> all;
    loader.start(1);
    while (std::optional<Batch> batch = loader.next()) all.push_back(std::move(*batch));
    return all;
  }

  /// An input made on the device. The stand-in's has the CPU's bits; a GPU adds samples in another order, and is as
  /// near as tests/cuda/kernels/ct_pixel_test.cpp says.
  void expect_made(const DeviceBatch& actual, const Batch& expected) const {
    if (device_.used()) return expect_equal(actual, expected);
    expect_equal_labels(actual, expected);
    const std::vector<float> found = on_host(actual.input), wanted = expected.input.to_vector<float>();
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(found[i], wanted[i], 4e-6) << i;
  }

  test::StandInDevice device_;
  test::TemporaryDirectory directory_;
  train::SliceCache cache_;
  train::Dataset dataset_;
  Preprocessing preprocessing_;
};

TEST_F(BatchesToCuda, RawBatchesArriveAsTheInputOfTheCpu) {
  const std::vector<Batch> raw = batches(true), expected = batches(false);
  ASSERT_EQ(raw.size(), 4U);
  BatchUploader uploader(Device::cuda);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const DeviceBatch uploaded = uploader.upload(raw[i]);
    EXPECT_EQ(uploaded.input.device(), Device::cuda);
    expect_made(uploaded, expected[i]);
  }
}

TEST_F(BatchesToCuda, BatchesThatAreReadyArriveAsTheyAre) {
  const std::vector<Batch> ready = batches(false);
  BatchUploader uploader(Device::cuda);
  for (const Batch& batch : ready) expect_equal(uploader.upload(batch), batch);
}

TEST_F(BatchesToCuda, BatchesGoIntoGivenTensorsOfAnyPitch) {
  const std::vector<Batch> raw = batches(true), expected = batches(false);
  const Tensor padded = Tensor::empty({4, 8, 8, 8}, DType::f32, Device::cuda);
  const DeviceBatch fixed{.input = padded.channel_range(0, 3),
                          .targets = Tensor::empty(nn::matrix_shape(4, 6), DType::f32, Device::cuda),
                          .mask = Tensor::empty(nn::matrix_shape(4, 6), DType::f32, Device::cuda)};
  BatchUploader uploader(Device::cuda);
  for (std::size_t i = 0; i < 3; ++i) {
    uploader.upload(raw[i], fixed);
    expect_made(fixed, expected[i]);
  }
  EXPECT_THROW(uploader.upload(raw[3], fixed), nn::Error);  // three images
}

TEST_F(BatchesToCuda, TheHostMemoryOfABatchStaysUntilItHasBeenCopied) {
  std::optional<BatchUploader> uploader(Device::cuda);
  std::vector<Batch> raw = batches(true);
  const std::size_t with_batch = nn::memory_use(Device::cpu).live;
  uploader->upload(raw[0]);
  const std::size_t slices = raw[0].raw.slices[0].elements() * sizeof(std::int16_t);
  raw.erase(raw.begin());
  EXPECT_LT(with_batch - nn::memory_use(Device::cpu).live, slices);
  uploader.reset();
  EXPECT_GE(with_batch - nn::memory_use(Device::cpu).live, slices);
}

TEST_F(BatchesToCuda, SlicesSideBySideGoUpAsOne) {
  if (!device_.used()) GTEST_SKIP() << "only the stand-in counts copies";
  const std::vector<Batch> raw = batches(true);
  BatchUploader uploader(Device::cuda);
  for (const Batch& batch : raw) {
    int stretches = 1;
    for (std::size_t i = 1; i < batch.raw.slices.size(); ++i) {
      const Tensor &before = batch.raw.slices[i - 1], &slices = batch.raw.slices[i];
      stretches += before.data<std::int16_t>() + before.elements() != slices.data<std::int16_t>();
    }
    const int before = device_.runtime().uploads;
    uploader.upload(batch);
    EXPECT_EQ(device_.runtime().uploads - before, stretches + 5);  // parameters, mean, deviation, targets, mask
  }
}

TEST_F(BatchesToCuda, OnTheCpuNothingIsCopied) {
  const Batch batch = batches(false)[0];
  BatchUploader uploader(Device::cpu);
  const DeviceBatch same = uploader.upload(batch);
  EXPECT_TRUE(same.input.shares_storage(batch.input));
  EXPECT_TRUE(same.targets.shares_storage(batch.targets));
  expect_equal(uploader.upload(batches(true)[0]), batch);  // unless it has to be made
}

}  // namespace
