// The cache of decoded slices on disk: right or absent, whatever happens to its files.
#include "train/data/disk_cache.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "io/files/atomic_file.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/data/image_files.h"
#include "train/data/cache_entry.h"
#include "train/data/disk_cache_files.h"
#include "train/data/slice_cache.h"

namespace {

namespace fs = std::filesystem;
using train::DiskCache;
using train::ImageKind;
using train::SliceCache;

constexpr int side = 20;
constexpr std::uint64_t entry_bytes = 128 + side * side * 3 * 2;  // header, and three planes of int16

/// Pictures: their pixels are compressed, so that they are kept.
class DiskCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < pictures; ++i) test::write_picture(picture(i), side, side, i);
    let_time_pass();
  }
  /// Longer than two ticks of the file system's clock: what is written after differs in time from what was before.
  static void let_time_pass() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

  std::string picture(int i) const { return (directory_ / ("patient" + std::to_string(i) + ".png")).string(); }
  std::vector<std::string> all_pictures() const {
    std::vector<std::string> files(pictures);
    for (int i = 0; i < pictures; ++i) files[static_cast<std::size_t>(i)] = picture(i);
    return files;
  }
  fs::path cache() const { return directory_ / "cache" / "slices"; }
  std::vector<fs::path> entries() const {
    std::vector<fs::path> paths;
    for (const train::CacheFile& file : train::list_cache_files(cache())) paths.push_back(file.path);
    return paths;
  }
  /// Reads the picture through a cache without memory, with this folder on disk.
  struct Outcome {
    std::vector<std::int16_t> pixels;
    std::size_t hits, stored, damaged;
    std::string warning;
  };
  Outcome read(int i, std::uint64_t capacity = 1 << 20) const {
    SliceCache slices(0, {.directory = cache(), .capacity = capacity});
    const auto image = slices.get(picture(i), ImageKind::pictures);
    const DiskCache& disk = *slices.disk();
    return {image->pixels.to_vector<std::int16_t>(), disk.hits(), disk.stored(), disk.damaged(), disk.warning()};
  }
  std::vector<std::int16_t> decoded(int i) const {
    return train::decode_image(picture(i), ImageKind::pictures).pixels.to_vector<std::int16_t>();
  }
  /// Breaks the one entry, after which the picture must be decoded anew and be right, and then be found again.
  void expect_recovery(const std::function<void(const fs::path&)>& spoil, std::size_t damaged) const {
    read(0);
    ASSERT_EQ(entries().size(), 1U);
    spoil(entries().front());
    const Outcome after = read(0), again = read(0);
    EXPECT_EQ(after.pixels, decoded(0));
    EXPECT_EQ(after.hits, 0U);
    EXPECT_EQ(after.stored, 1U);
    EXPECT_EQ(after.damaged, damaged);
    EXPECT_EQ(again.pixels, decoded(0));
    EXPECT_EQ(again.hits, 1U);
  }

  static constexpr int pictures = 8;
  test::TemporaryDirectory directory_;
};

void overwrite(const fs::path& path, std::size_t at, char with) {
  std::string bytes = io::read_file(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ with);
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST_F(DiskCacheTest, AHitHasTheBitsOfTheMiss) {
  const Outcome miss = read(1), hit = read(1);
  EXPECT_EQ(miss.hits, 0U);
  EXPECT_EQ(miss.stored, 1U);
  EXPECT_EQ(hit.hits, 1U);
  EXPECT_EQ(hit.stored, 0U);
  EXPECT_EQ(hit.pixels, miss.pixels);
  EXPECT_EQ(hit.pixels, decoded(1));
}

TEST_F(DiskCacheTest, KeepsWhatThePixelsMean) {
  DiskCache disk({.directory = cache(), .capacity = 1 << 20});
  train::DecodedImage image = train::decode_image(picture(0), ImageKind::pictures);
  image.slope = 0.1;
  image.intercept = -1024.7;
  image.aspect = 1 / 3.0;
  const auto source = io::identify_file(picture(0));
  ASSERT_TRUE(source);
  disk.store(*source, ImageKind::dicom, image);
  EXPECT_FALSE(disk.find(*source, ImageKind::pictures));
  const auto found = disk.find(*source, ImageKind::dicom);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->slope, 0.1);
  EXPECT_EQ(found->intercept, -1024.7);
  EXPECT_EQ(found->aspect, 1 / 3.0);
  EXPECT_EQ(found->pixels.shape(), image.pixels.shape());
}

TEST_F(DiskCacheTest, EveryFlippedByteIsFound) {
  for (const std::size_t at : {0UL, 8UL, 16UL, 20UL, 24UL, 72UL, 88UL, 112UL, 127UL, 128UL, 999UL, 2527UL}) {
    SCOPED_TRACE(at);
    fs::remove_all(cache());
    // A wrong version, kind or source looks like an entry of another state of the file.
    const bool looks_stale = at >= 16 && at < 72;
    expect_recovery([&](const fs::path& entry) { overwrite(entry, at, 1); }, looks_stale ? 0 : 1);
  }
}

TEST_F(DiskCacheTest, ATruncatedEntryIsDecodedAnew) {
  for (const std::size_t length : {1UL, 127UL, 128UL, 1000UL, 2527UL}) {
    SCOPED_TRACE(length);
    fs::remove_all(cache());
    expect_recovery([&](const fs::path& entry) { fs::resize_file(entry, length); }, 1);
  }
  fs::remove_all(cache());
  expect_recovery([&](const fs::path& entry) { fs::resize_file(entry, 0); }, 0);  // as if it were not there
  fs::remove_all(cache());
  expect_recovery([&](const fs::path& entry) { fs::resize_file(entry, 5000); }, 1);  // longer
}

TEST_F(DiskCacheTest, AChangedFileIsDecodedAnew) {
  const Outcome before = read(2);
  const auto time = fs::last_write_time(picture(2));
  test::write_picture(picture(2), side, side, 99);
  fs::last_write_time(picture(2), time);  // as a copy that keeps times would have it
  let_time_pass();
  const Outcome after = read(2);
  EXPECT_NE(after.pixels, before.pixels);
  EXPECT_EQ(after.pixels, decoded(2));
  EXPECT_EQ(after.hits, 0U);
  EXPECT_EQ(read(2).hits, 1U);
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(DiskCacheTest, AFileThatChangedJustNowIsNotKept) {
  const auto source = io::identify_file(picture(3));
  ASSERT_TRUE(source);
  const std::int64_t changed = source->status_changed_ns;
  EXPECT_FALSE(io::identify_file(picture(3), changed));
  EXPECT_FALSE(io::identify_file(picture(3), changed + 19'999'999));
  EXPECT_EQ(io::identify_file(picture(3), changed + 20'000'000), source);

  test::write_picture(picture(3), side, side, 98);
  const Outcome outcome = read(3);
  const bool was_fresh = !io::identify_file(picture(3));  // not so on a machine that took its time
  EXPECT_EQ(outcome.stored, was_fresh ? 0U : outcome.stored);
}

TEST_F(DiskCacheTest, UncompressedSlicesAreNotKept) {
  const fs::path slice = directory_ / "slice.dcm";
  test::write_slice(slice, {.seed = 3});
  let_time_pass();
  SliceCache slices(0, {.directory = cache(), .capacity = 1 << 20});
  slices.get(slice.string(), ImageKind::dicom);
  EXPECT_EQ(slices.disk()->stored(), 0U);
  EXPECT_TRUE(entries().empty());
}

TEST_F(DiskCacheTest, MayBeDeletedWhileInUse) {
  SliceCache slices(0, {.directory = cache(), .capacity = 1 << 20});
  for (int round = 0; round < 3; ++round) {
    const auto image = slices.get(picture(0), ImageKind::pictures);
    fs::remove_all(directory_ / "cache");
    EXPECT_EQ(image->pixels.to_vector<std::int16_t>(), decoded(0));
  }
  EXPECT_EQ(slices.disk()->stored(), 3U);
  EXPECT_EQ(slices.disk()->warning(), "");
}

TEST_F(DiskCacheTest, NamesSayNothingOfTheFileAndAreTheUsersOwn) {
  read(0);
  const fs::path entry = entries().front();
  EXPECT_EQ(entry.string().find("patient", cache().string().size()), std::string::npos);
  EXPECT_EQ(io::read_file(entry).find("patient"), std::string::npos);
  using fs::perms;
  EXPECT_EQ(fs::status(entry).permissions() & (perms::group_all | perms::others_all), perms::none);
  EXPECT_EQ(fs::status(cache()).permissions() & (perms::group_all | perms::others_all), perms::none);
}

TEST_F(DiskCacheTest, TheLeastRecentlyUsedGoWhenItIsFull) {
  for (int i = 0; i < 4; ++i) {
    read(i);
    let_time_pass();
  }
  read(0);  // 1 is now the oldest
  let_time_pass();
  const Outcome fifth = read(4, 4 * entry_bytes);
  EXPECT_EQ(fifth.stored, 1U);
  EXPECT_LE(entries().size(), 4U);
  EXPECT_EQ(read(0, 4 * entry_bytes).hits, 1U);
  EXPECT_EQ(read(4, 4 * entry_bytes).hits, 1U);
  EXPECT_EQ(read(1, 4 * entry_bytes).hits, 0U);
}

TEST_F(DiskCacheTest, ASmallerCapacityHoldsWhereNothingIsStored) {
  for (int i = 0; i < 4; ++i) {
    read(i);
    let_time_pass();
  }
  const Outcome hit = read(3, 2 * entry_bytes);
  EXPECT_EQ(hit.hits, 1U);
  EXPECT_LE(entries().size(), 2U);
}

TEST_F(DiskCacheTest, WhatThisRunUsesIsNotDroppedForMore) {
  SliceCache slices(0, {.directory = cache(), .capacity = 3 * entry_bytes});
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (int i = 0; i < pictures; ++i) slices.get(picture(i), ImageKind::pictures);
  }
  EXPECT_EQ(slices.disk()->stored(), 3U);
  EXPECT_EQ(slices.disk()->hits(), 6U);  // plain LRU would have found nothing
  EXPECT_LE(slices.disk()->bytes(), 3 * entry_bytes);
  EXPECT_EQ(entries().size(), 3U);
  EXPECT_EQ(slices.disk()->warning(), "");
}

TEST_F(DiskCacheTest, AFolderThatCannotBeWrittenIsOneWarning) {
  test::write_text(directory_ / "cache", "a file where the folder should be");
  SliceCache slices(0, {.directory = cache(), .capacity = 1 << 20});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(slices.get(picture(i), ImageKind::pictures)->pixels.to_vector<std::int16_t>(), decoded(i));
  }
  EXPECT_EQ(slices.disk()->stored(), 0U);
  const std::string warning = slices.disk()->warning();
  EXPECT_NE(warning.find("Not a directory"), std::string::npos) << warning;
  EXPECT_EQ(warning.find('\n'), std::string::npos);
}

/// Files of the user's in a folder that is given as the cache.
TEST_F(DiskCacheTest, OnlyItsOwnFilesMakeRoom) {
  const std::string entry = "0123456789abcdef0123456789abcd.slice";
  const fs::path elsewhere = directory_ / "elsewhere";
  const std::vector<fs::path> foreign = {cache() / "scans" / "1.dcm",
                                         cache() / "scans" / entry,
                                         cache() / "3f" / "1.dcm",
                                         cache() / "3f" / "falx-1-2.begun",
                                         cache() / "3f" / "0123456789abcdef0123456789abcd.dcm",
                                         cache() / "3f" / "0123456789ABCDEF0123456789ABCD.slice",
                                         cache() / "3f" / "00123456789abcdef0123456789abcd.slice",
                                         cache() / "3F" / entry,
                                         cache() / "3fa" / entry,
                                         cache() / entry,
                                         elsewhere / entry};
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24);
  const auto write_old = [&](const fs::path& path) {
    fs::create_directories(path.parent_path());
    test::write_text(path, std::string(5000, 'x'));
    fs::last_write_time(path, old);
  };
  for (const fs::path& path : foreign) write_old(path);
  fs::create_directory_symlink(elsewhere, cache() / "4a");
  fs::create_symlink(elsewhere / entry, cache() / "3f" / entry);
  const fs::path own = cache() / "3f" / "ffffffffffffffffffffffffffffff.picture";
  write_old(own);
  EXPECT_EQ(entries(), std::vector<fs::path>{own});

  EXPECT_EQ(read(0, entry_bytes).stored, 1U);  // fits after what is its own has gone
  EXPECT_FALSE(fs::exists(own));
  for (const fs::path& path : foreign) EXPECT_TRUE(fs::exists(path)) << path;
  EXPECT_TRUE(fs::is_symlink(cache() / "4a"));
  EXPECT_TRUE(fs::is_symlink(cache() / "3f" / entry));
}

/// In a process of its own, which ends with the status that `work` returns.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(DiskCacheTest, AFullDiskIsAWarningAndLeavesNothingBehind) {
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, RLIM_INFINITY};  // less than an entry: writing fails in its midst
    ::setrlimit(RLIMIT_FSIZE, &limit);
    SliceCache slices(0, {.directory = cache(), .capacity = 1 << 20});
    const auto image = slices.get(picture(0), ImageKind::pictures);
    if (image->pixels.to_vector<std::int16_t>() != decoded(0)) return 1;
    return slices.disk()->warning().empty() ? 2 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(entries().empty());
}

TEST_F(DiskCacheTest, WhatAKilledWriterLeftIsClearedUpLater) {
  read(0);
  const fs::path folder = entries().front().parent_path();
  const fs::path old = folder / "falx-0123456789abcdef.begun", fresh = folder / "falx-fedcba9876543210.begun";
  test::write_text(old, "half an entry");
  test::write_text(fresh, "half an entry");
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  const DiskCache disk({.directory = cache(), .capacity = 1 << 20});
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(fresh));  // its writer may be at it
}

/// Reads all pictures through the cache again and again; 0 if every one was right and some were found there.
int read_all(const std::string& directory, const std::vector<std::string>& files, std::uint64_t capacity, int rounds) {
  std::size_t hits = 0;
  for (int round = 0; round < rounds; ++round) {
    SliceCache slices(0, {.directory = directory, .capacity = capacity});
    for (const std::string& file : files) {
      const auto expected = train::decode_image(file, ImageKind::pictures).pixels.to_vector<std::int16_t>();
      if (slices.get(file, ImageKind::pictures)->pixels.to_vector<std::int16_t>() != expected) return 1;
    }
    hits += slices.disk()->hits();
  }
  return hits > 0 ? 0 : 2;
}

TEST_F(DiskCacheTest, SeveralProcessesShareIt) {
  const std::vector<std::string> files = all_pictures();
  std::vector<pid_t> children;
  for (int p = 0; p < 3; ++p) {  // the second round of each finds room only by removing what others wrote
    children.push_back(::fork());
    if (children.back() == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::_exit(read_all(cache().string(), files, 5 * entry_bytes, 20));
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_FALSE(entries().empty());
  for (const fs::path& entry : entries()) EXPECT_NE(entry.extension(), ".begun");
  std::size_t hits = 0;
  for (int i = 0; i < pictures; ++i) hits += read(i, 1 << 20).hits;
  EXPECT_GT(hits, 0U);
}

TEST_F(DiskCacheTest, SlowAWriterThatIsKilledLeavesNoWrongEntry) {
  const std::vector<std::string> files = all_pictures();
  for (int kill = 0; kill < 40; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends only by a signal
      for (;;) {
        fs::remove_all(cache());
        read_all(cache().string(), files, 1 << 20, 1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(2000 + 137 * kill));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (int i = 0; i < pictures; ++i) EXPECT_EQ(read(i).pixels, decoded(i));
    for (int i = 0; i < pictures; ++i) EXPECT_EQ(read(i).hits, 1U);
  }
}

}  // namespace
