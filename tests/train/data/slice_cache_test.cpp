#include "train/data/slice_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "io/rejected_file.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/data/image_files.h"

namespace {

using train::ImageKind;
using train::SliceCache;

constexpr std::size_t slice_bytes = 16 * 16 * 2;

class SliceCacheTest : public testing::Test {
 protected:
  std::string file(int number) {
    const std::filesystem::path path = directory_ / ("slice" + std::to_string(number) + ".dcm");
    if (!std::filesystem::exists(path)) test::write_slice(path, {.seed = number});
    return path.string();
  }
  void get(SliceCache& cache, int number) { cache.get(file(number), ImageKind::dicom); }

  test::TemporaryDirectory directory_;
};

TEST_F(SliceCacheTest, DecodesAFileOnce) {
  SliceCache cache;
  const auto first = cache.get(file(1), ImageKind::dicom);
  std::filesystem::remove(file(1));
  EXPECT_EQ(cache.get((directory_ / "slice1.dcm").string(), ImageKind::dicom), first);
  EXPECT_EQ(cache.hits(), 1U);
  EXPECT_EQ(cache.misses(), 1U);
  EXPECT_EQ(cache.bytes(), slice_bytes);
}

TEST_F(SliceCacheTest, HoldsTheValuesOfTheFile) {
  SliceCache cache;
  const auto image = cache.get(file(3), ImageKind::dicom);
  const std::vector<std::int16_t> expected = test::slice_pixels({.seed = 3});
  const std::vector<std::int16_t> stored = image->pixels.to_vector<std::int16_t>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(image->slope * stored[i] + image->intercept, expected[i]);
  }
}

TEST_F(SliceCacheTest, DropsTheLeastRecentlyUsed) {
  SliceCache cache(2 * slice_bytes);
  get(cache, 1);
  get(cache, 2);
  get(cache, 1);  // 2 is now the oldest
  get(cache, 3);
  EXPECT_EQ(cache.bytes(), 2 * slice_bytes);
  get(cache, 1);
  EXPECT_EQ(cache.hits(), 2U);
  get(cache, 2);
  EXPECT_EQ(cache.misses(), 4U);
}

TEST_F(SliceCacheTest, WhatIsHeldOutlivesTheCachesCopy) {
  SliceCache cache(slice_bytes);
  const auto held = cache.get(file(1), ImageKind::dicom);
  const std::vector<std::int16_t> before = held->pixels.to_vector<std::int16_t>();
  get(cache, 2);
  EXPECT_EQ(held->pixels.to_vector<std::int16_t>(), before);
}

TEST_F(SliceCacheTest, AnImageLargerThanTheCacheIsNotKept) {
  SliceCache cache(slice_bytes - 1);
  EXPECT_NE(cache.get(file(1), ImageKind::dicom), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST_F(SliceCacheTest, AFileThatCannotBeDecodedIsAnErrorEveryTime) {
  test::write_text(directory_ / "text.dcm", "no DICOM");
  SliceCache cache;
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(cache.get((directory_ / "text.dcm").string(), ImageKind::dicom), io::FileRejected);
  }
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST_F(SliceCacheTest, ServesSeveralThreads) {
  SliceCache cache(3 * slice_bytes);
  std::vector<std::string> files;
  for (int i = 0; i < 6; ++i) files.push_back(file(i));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 60; ++i) {
        const std::size_t number = (i * (t + 1)) % files.size();
        const auto image = cache.get(files[number], ImageKind::dicom);
        const std::int16_t expected = test::slice_pixels({.seed = static_cast<int>(number)})[7];
        if (image->slope * image->pixels.data<std::int16_t>()[7] + image->intercept != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.bytes(), 3 * slice_bytes);
  EXPECT_EQ(cache.hits() + cache.misses(), 240U);
}

TEST_F(SliceCacheTest, ThreadsThatAskAtOnceDecodeOnce) {
  std::vector<std::string> files;
  for (int i = 0; i < 20; ++i) files.push_back(file(i));
  SliceCache cache;
  std::vector<std::thread> threads;
  std::atomic<int> ready = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (++ready; ready < 4;) {
      }
      for (const std::string& path : files) cache.get(path, ImageKind::dicom);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.misses(), files.size());
}

}  // namespace
