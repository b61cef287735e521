// The data set on disk: layout, labels that follow from masks, determinism, refusals, defects and traps.
#include "io/phantom/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "io/dicom/dicom_reader.h"
#include "io/files/atomic_file.h"
#include "io/files/csv.h"
#include "io/labels.h"
#include "io/phantom/blood_mask.h"
#include "io/phantom/study.h"
#include "io/pictures/picture_reader.h"
#include "io/rejected_file.h"
#include "nn/core/error.h"
#include "nn/core/parallel.h"
#include "tests/support/temporary_directory.h"

namespace io::phantom {
namespace {

namespace fs = std::filesystem;

PhantomOptions small_set(const fs::path& out) {
  PhantomOptions options;
  options.out = out;
  options.patients = 5;
  options.test_patients = 2;
  options.slices = 10;
  options.size = 64;
  options.seed = 11;
  return options;
}

std::map<std::string, std::string> all_files(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), root).string()] = read_file(entry.path());
  }
  return files;
}

std::size_t count_files(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(PhantomDataset, HasTheLayoutOfTheChallenge) {
  const test::TemporaryDirectory folder;
  const PhantomSummary summary = write_phantom_dataset(small_set(folder / "set"));
  EXPECT_EQ(summary.train.patients + summary.test.patients, 7);
  EXPECT_GE(summary.train.studies, summary.train.patients);
  EXPECT_GE(summary.test.studies, summary.test.patients);
  EXPECT_EQ(summary.train.images, summary.train.studies * 10);
  const fs::path set = folder / "set";
  EXPECT_EQ(count_files(set / "stage_2_train"), static_cast<std::size_t>(summary.train.images));
  EXPECT_EQ(count_files(set / "stage_2_test"), static_cast<std::size_t>(summary.test.images));
  EXPECT_EQ(count_files(set), 5U);  // two folders, two tables, truth
  CsvReader csv(set / "stage_2_train.csv");
  const std::vector<std::string> order = {"epidural",     "intraparenchymal", "intraventricular",
                                          "subarachnoid", "subdural",         "any"};
  std::size_t rows = 0;
  std::string image;
  for (; csv.next(); ++rows) {
    const std::string id(csv.field("ID"));
    const std::size_t cut = id.rfind('_');
    EXPECT_EQ(id.substr(cut + 1), order[rows % 6]);
    if (rows % 6 == 0) image = id.substr(0, cut);
    EXPECT_EQ(id.substr(0, cut), image);
    EXPECT_TRUE(fs::exists(set / "stage_2_train" / (image + ".dcm")));
  }
  EXPECT_EQ(rows, 6 * count_files(set / "stage_2_train"));
}

TEST(PhantomDataset, LabelsFollowFromTheMasks) {
  const test::TemporaryDirectory folder;
  write_phantom_dataset(small_set(folder / "set"));
  std::map<std::string, int> labels;
  for (const char* table : {"stage_2_train.csv", "stage_2_test_labels.csv"}) {
    for (CsvReader csv(folder / "set" / table); csv.next();)
      labels[std::string(csv.field("ID"))] = static_cast<int>(csv.integer(1));
  }
  int positives = 0;
  for (CsvReader csv(folder / "set/truth/images.csv"); csv.next();) {
    const std::string image(csv.field("image"));
    const fs::path part = folder / "set" / ("stage_2_" + std::string(csv.field("part")));
    const double pixel = (*read_header((part / (image + ".dcm")).string()).pixel_spacing)[0];
    std::array<int, 6> counts{};
    const fs::path mask = folder / "set/truth/masks" / (image + ".png");
    if (fs::exists(mask)) {
      for (const std::uint8_t value : read_picture(mask.string()).pixels) ++counts[value / 40];
    }
    bool any = false;
    for (std::size_t label = 1; label < 6; ++label) {
      const bool positive = counts[label] * pixel * pixel > static_cast<double>(positive_area_mm2);
      EXPECT_EQ(labels.at(image + "_" + std::string(label_names[label])), positive ? 1 : 0);
      any = any || positive;
    }
    EXPECT_EQ(labels.at(image + "_any"), any ? 1 : 0);
    positives += any ? 1 : 0;
  }
  EXPECT_GT(positives, 5);
}

TEST(PhantomDataset, TheSameSeedGivesTheSameBytesWhateverTheThreads) {
  const test::TemporaryDirectory folder;
  const int threads = nn::thread_count();
  nn::set_thread_count(1);
  write_phantom_dataset(small_set(folder / "one"));
  nn::set_thread_count(3);
  write_phantom_dataset(small_set(folder / "three"));
  nn::set_thread_count(threads);
  EXPECT_EQ(all_files(folder / "one"), all_files(folder / "three"));

  PhantomOptions other = small_set(folder / "other");
  other.seed = 12;
  write_phantom_dataset(other);
  EXPECT_FALSE(fs::exists(folder / "other/stage_2_train" /
                          fs::directory_iterator(folder / "one/stage_2_train")->path().filename()));
}

TEST(PhantomDataset, APatientWithSeveralStudiesStaysInOnePart) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.patients = 24, options.slices = 2, options.size = 32;
  write_phantom_dataset(options);
  std::map<std::string, std::set<std::string>> studies, parts;
  for (CsvReader csv(folder / "set/truth/images.csv"); csv.next();) {
    studies[std::string(csv.field("patient"))].insert(std::string(csv.field("study")));
    parts[std::string(csv.field("patient"))].insert(std::string(csv.field("part")));
  }
  std::size_t most = 0;
  for (const auto& [patient, own] : studies) most = std::max(most, own.size());
  for (const auto& [patient, own] : parts) EXPECT_EQ(own.size(), 1U);
  EXPECT_GE(most, 2U);
  EXPECT_LE(most, 3U);
}

TEST(PhantomDataset, ReplacesOnlyWithOverwriteAndOnlyItsOwnFiles) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.patients = options.test_patients = 1, options.slices = 2;
  write_phantom_dataset(options);
  EXPECT_THROW(write_phantom_dataset(options), nn::Error);
  write_file_atomically(folder / "set/notes.txt", "mine");
  options.overwrite = true;
  options.seed = 99;
  write_phantom_dataset(options);
  EXPECT_EQ(read_file(folder / "set/notes.txt"), "mine");
  CsvReader csv(folder / "set/stage_2_train.csv");
  ASSERT_TRUE(csv.next());
  const std::string id(csv.field("ID"));
  EXPECT_TRUE(fs::exists(folder / "set/stage_2_train" / (id.substr(0, 12) + ".dcm")));
}

TEST(PhantomDataset, NeverReplacesTheRealChallenge) {
  const test::TemporaryDirectory folder;
  fs::create_directories(folder / "rsna/stage_2_train");
  write_file_atomically(folder / "rsna/stage_2_train/ID_000012eaf.dcm", "a real slice");
  PhantomOptions options = small_set(folder / "rsna");
  options.overwrite = true;
  try {
    write_phantom_dataset(options);
    FAIL() << "replaced it";
  } catch (const nn::Error& error) {
    EXPECT_NE(std::string(error.what()).find("stage_2_train: not replaced"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read_file(folder / "rsna/stage_2_train/ID_000012eaf.dcm"), "a real slice");
}

std::string refusal_of(const PhantomOptions& options) {
  try {
    write_phantom_dataset(options);
  } catch (const nn::Error& error) {
    return error.what();
  }
  return "replaced it";
}

TEST(PhantomDataset, ATruthUnlocksOnlyWhatItLists) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.patients = 1, options.test_patients = 0, options.slices = 4, options.traps = true, options.defects = 1;
  write_phantom_dataset(options);
  options.overwrite = true;
  write_phantom_dataset(options);  // with traps, defects and an empty table, all of them its own
  const auto keeps = [&](const std::string& file, const std::string& why) {
    write_file_atomically(folder / "set" / file, "ID,Label\nID_real_any,1\n");
    EXPECT_NE(refusal_of(options).find(why), std::string::npos) << refusal_of(options);
    EXPECT_TRUE(fs::exists(folder / "set" / file));
    fs::remove(folder / "set" / file);
  };
  keeps("stage_2_train/ID_000012eaf.dcm", "stage_2_train: not replaced, because truth/ does not list ID_000012eaf.dcm");
  keeps("truth/thesis.tex", "truth: not replaced, because truth/ does not list thesis.tex");
  keeps("truth/masks/mine.png", "masks: not replaced");
  keeps("stage_2_test_labels.csv", "stage_2_test_labels.csv: not replaced");
  EXPECT_EQ(refusal_of(options), "replaced it");
}

TEST(PhantomDataset, OnlyItsOwnUnfinishedFolderIsRemoved) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.patients = options.test_patients = 1, options.slices = 2, options.overwrite = true;
  fs::create_directories(folder / "set/unfinished/stage_2_train");
  write_file_atomically(folder / "set/unfinished/symphony.txt", "mine");
  EXPECT_NE(refusal_of(options).find("unfinished: not replaced"), std::string::npos);
  EXPECT_EQ(read_file(folder / "set/unfinished/symphony.txt"), "mine");
  write_file_atomically(folder / "set/unfinished/made-by-falx-synth", "");  // as a killed program leaves it
  write_phantom_dataset(options);
  EXPECT_FALSE(fs::exists(folder / "set/unfinished"));
}

TEST(PhantomDataset, AnInterruptionLeavesNothing) {
  const test::TemporaryDirectory folder;
  struct Stop {};
  EXPECT_THROW(write_phantom_dataset(small_set(folder / "set"),
                                     [](std::int64_t done, std::int64_t) {
                                       if (done == 7) throw Stop{};
                                     }),
               Stop);
  EXPECT_TRUE(fs::is_empty(folder / "set"));
}

TEST(PhantomDataset, AbsurdNumbersAreRefusedInOneLineThatNamesTheOption) {
  const auto refusal = [](auto change) {
    PhantomOptions options;
    change(options);
    try {
      check(options);
    } catch (const nn::Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.size = 0; }), "--size: expected 32 to 2048, got 0");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.patients = 0; }), "--patients: expected 1 to 100000, got 0");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.patients = 1000000000; }),
            "--patients: expected 1 to 100000, got 1000000000");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.test_patients = -1; }), "--test-patients: expected 0 to 100000, got -1");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.slices = 0; }), "--slices: expected 1 to 1000, got 0");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.defects = -3; }), "--defects: expected 0 to 960, got -3");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.traps = true, o.slices = 3; }),
            "--traps: expected --slices 4 or more, so that each duplicate has a slice of its own, got 3");
  EXPECT_EQ(refusal([](PhantomOptions& o) { o.traps = true, o.slices = 4; }), "accepted");
  EXPECT_EQ(refusal([](PhantomOptions&) {}), "accepted");
}

TEST(PhantomDataset, ASetLargerThanTheDiskIsRefusedBeforeItBegins) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.patients = 100000, options.slices = 1000, options.size = 2048;  // 900 TB
  EXPECT_THROW(write_phantom_dataset(options), nn::Error);
}

TEST(PhantomDataset, NoFileIsDefectiveUnlessAskedFor) {
  const test::TemporaryDirectory folder;
  write_phantom_dataset(small_set(folder / "set"));
  for (const auto& entry : fs::directory_iterator(folder / "set/stage_2_train"))
    EXPECT_NO_THROW(read_slice(entry.path().string()));
}

TEST(PhantomDataset, DefectiveFilesAreRejectedAndListed) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.defects = 7;
  write_phantom_dataset(options);
  std::map<std::string, std::string> listed;
  for (CsvReader csv(folder / "set/truth/defects.csv"); csv.next();)
    listed[std::string(csv.field("image"))] = std::string(csv.field("kind"));
  EXPECT_EQ(listed.size(), 7U);
  for (const auto& entry : fs::directory_iterator(folder / "set/stage_2_train")) {
    const std::string image = entry.path().stem().string();
    if (listed.count(image) == 0) {
      EXPECT_NO_THROW(read_slice(entry.path().string()));
      continue;
    }
    try {
      read_slice(entry.path().string());
      ADD_FAILURE() << listed[image] << " was read";
    } catch (const FileRejected& rejected) {
      const std::map<std::string, std::string> codes = {
          {"truncated", reject::truncated}, {"no_pixel_data", reject::no_pixel_data}, {"not_dicom", reject::not_dicom}};
      if (const auto code = codes.find(listed[image]); code != codes.end()) {
        EXPECT_EQ(rejected.code(), code->second);
      }
    }
  }
}

TEST(PhantomDataset, TrapsAreThereAndAreSeenByTheReader) {
  const test::TemporaryDirectory folder;
  PhantomOptions options = small_set(folder / "set");
  options.traps = true;
  write_phantom_dataset(options);
  const fs::path train = folder / "set/stage_2_train";
  std::map<std::string, int> kinds;
  for (CsvReader csv(folder / "set/truth/traps.csv"); csv.next();) {
    const std::string kind(csv.field("kind"));
    const std::string file = (train / std::string(csv.field("file"))).string();
    ++kinds[kind];
    if (kind == "scout" || kind == "coronal") {
      try {
        read_slice(file);
        ADD_FAILURE() << kind << " was read";
      } catch (const FileRejected& rejected) {
        EXPECT_EQ(rejected.kind(), RejectedFile::Kind::skipped);
        EXPECT_EQ(rejected.code(), kind == "scout" ? skip::localizer : skip::tilted);
      }
    } else {
      EXPECT_EQ(read_slice(file).header.bone_kernel, kind == "bone_kernel");
    }
  }
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"scout", 1},
                                               {"coronal", 8},
                                               {"bone_kernel", 10},
                                               {"duplicate", 3},
                                               {"conflicting_duplicate", 1},
                                               {"label_conflict", 5}}));
}

}  // namespace
}  // namespace io::phantom
