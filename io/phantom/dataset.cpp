#include "io/phantom/dataset.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "io/files/csv.h"
#include "io/files/free_space.h"
#include "io/phantom/defects.h"
#include "io/phantom/replaceable.h"
#include "io/phantom/study.h"
#include "io/phantom/traps.h"
#include "io/phantom/truth.h"
#include "nn/core/error.h"
#include "nn/core/parallel.h"

namespace io::phantom {
namespace {

constexpr const char* train_folder = "stage_2_train";
constexpr const char* train_labels = "stage_2_train.csv";
constexpr const char* test_folder = "stage_2_test";
constexpr const char* test_labels = "stage_2_test_labels.csv";
constexpr const char* truth_folder = "truth";
constexpr const char* unfinished_folder = "unfinished";

/// A study to be made, and what came of it.
struct Work {
  Study::Request request;
  bool train = true;
  std::vector<ImageTruth> images;
  StudyTruth truth;
};

std::vector<Work> plan(const PhantomOptions& options) {
  std::vector<Work> works;
  for (int patient = 0; patient < options.patients + options.test_patients; ++patient) {
    const auto number = static_cast<std::uint64_t>(patient);
    for (int study = 0; study < draw_study_count(options.seed, number); ++study) {
      works.push_back({.request = {.seed = options.seed,
                                   .patient = number,
                                   .study = study,
                                   .size = options.size,
                                   .slices = options.slices,
                                   .prevalence = options.prevalence},
                       .train = patient < options.patients,
                       .images = {},
                       .truth = {}});
    }
  }
  return works;
}

/// Counts images for the caller's progress; a call that throws stops the other threads too.
class Counter {
 public:
  Counter(std::int64_t total, const Progress& progress) : total_(total), progress_(progress) {}
  bool stopped() const { return stopped_; }
  void add_one() {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (!progress_ || stopped_) return;
    try {
      progress_(done_, total_);
    } catch (...) {
      stopped_ = true;
      throw;
    }
  }

 private:
  std::int64_t total_, done_ = 0;
  const Progress& progress_;
  std::mutex mutex_;
  std::atomic<bool> stopped_{false};
};

void make_study(Work& work, const std::filesystem::path& root, const NoiseTile& noise, Counter& counter) {
  const Study study(work.request, noise);
  const std::filesystem::path folder = root / (work.train ? train_folder : test_folder);
  for (int slice = 0; slice < work.request.slices && !counter.stopped(); ++slice) {
    const MadeSlice made = study.make(slice);
    write_dicom(folder / (made.image.image_id + ".dcm"), made.image);
    work.images.push_back(truth_of(study, slice, made));
    if (made.mask.any())
      write_mask(root / truth_folder / "masks" / (made.image.image_id + ".png"), made.mask, made.image.size);
    counter.add_one();
  }
  work.truth = truth_of(study);
}

/// By name, which is at random: neither the order of patients nor of slices shows.
void sort_by_name(std::vector<ImageTruth>& images) {
  std::sort(images.begin(), images.end(), [](const ImageTruth& a, const ImageTruth& b) { return a.image < b.image; });
}

void add_defects(const PhantomOptions& options, const std::vector<ImageTruth>& train,
                 const std::filesystem::path& root) {
  std::vector<std::string> names;
  names.reserve(train.size());
  for (const ImageTruth& image : train) names.push_back(image.image);
  CsvWriter csv(root / truth_folder / "defects.csv", {"image", "kind"});
  for (const Defect& defect : break_files(root / train_folder, names, options.size, options.defects, options.seed))
    csv.row(defect.image, defect.kind);
  csv.finish();
}

void add_traps(const std::vector<Work>& works, const std::filesystem::path& root, const NoiseTile& noise,
               std::vector<ImageTruth>& train) {
  const Study study(works[0].request, noise);
  const Traps traps = write_traps(root / train_folder, study);
  train.insert(train.end(), traps.labelled.begin(), traps.labelled.end());
  CsvWriter csv(root / truth_folder / "traps.csv", {"file", "kind", "expected"});
  for (const Trap& trap : traps.files) csv.row(trap.file, trap.kind, trap.expected);
  csv.finish();
}

PhantomSummary make(const PhantomOptions& options, const std::filesystem::path& root, const Progress& progress) {
  std::filesystem::create_directories(root / train_folder);
  std::filesystem::create_directories(root / test_folder);
  std::filesystem::create_directories(root / truth_folder / "masks");

  const NoiseTile noise(options.seed);
  std::vector<Work> works = plan(options);
  const auto studies = static_cast<std::int64_t>(works.size());
  Counter counter(studies * options.slices, progress);
  nn::parallel_for(0, studies, 1, [&](std::int64_t study, std::int64_t) {
    if (!counter.stopped()) make_study(works[static_cast<std::size_t>(study)], root, noise, counter);
  });

  PhantomSummary summary;
  summary.train.patients = options.patients;
  summary.test.patients = options.test_patients;
  std::vector<ImageTruth> train, test;
  std::vector<StudyTruth> truths;
  for (const Work& work : works) {
    PhantomSummary::Part& part = work.train ? summary.train : summary.test;
    ++part.studies;
    for (const ImageTruth& image : work.images) {
      (work.train ? train : test).push_back(image);
      ++part.images;
      for (std::size_t label = 0; label < image.labels.size(); ++label)
        summary.positives[label] += image.labels[label] ? 1 : 0;
    }
    truths.push_back(work.truth);
  }
  sort_by_name(train);
  sort_by_name(test);
  if (options.defects > 0) add_defects(options, train, root);
  if (options.traps) add_traps(works, root, noise, train);
  sort_by_name(train);
  write_label_table(root / train_labels, train);
  write_label_table(root / test_labels, test);
  write_image_table(root / truth_folder / "images.csv", train, test);
  write_study_tables(root / truth_folder, truths);
  return summary;
}

/// Bytes of the DICOM files; the rest is small beside them.
std::uint64_t bytes_needed(const PhantomOptions& options) {
  const auto images = static_cast<std::uint64_t>(plan(options).size()) * static_cast<std::uint64_t>(options.slices);
  return images * (2ULL * static_cast<std::uint64_t>(options.size) * static_cast<std::uint64_t>(options.size) + 2000);
}

void check_out(const PhantomOptions& options) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(options.out, error)) {
    NN_CHECK(fs::is_directory(options.out), options.out.string(), ": is a file, expected a directory to write to");
    NN_CHECK(options.overwrite || fs::is_empty(options.out), options.out.string(),
             ": not empty, and nothing is replaced without --overwrite");
    check_replaceable(options.out);
    remove_unfinished(options.out / unfinished_folder);
  }
  fs::create_directories(options.out, error);
  NN_CHECK(!error, "cannot make directory ", options.out.string(), ": ", error.message());
  check_free_space(options.out, bytes_needed(options), "the data set");
}

}  // namespace

std::vector<std::filesystem::path> phantom_entries() {
  return {train_folder, train_labels, test_folder, test_labels, truth_folder, unfinished_folder};
}

void check(const PhantomOptions& options) {
  const auto in_range = [](const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
    NN_CHECK(value >= low && value <= high, name, ": expected ", low, " to ", high, ", got ", value);
  };
  in_range("--patients", options.patients, 1, 100000);
  in_range("--test-patients", options.test_patients, 0, 100000);
  in_range("--slices", options.slices, 1, 1000);
  in_range("--size", options.size, 32, 2048);
  in_range("--defects", options.defects, 0, std::int64_t{options.patients} * options.slices);
  NN_CHECK(!options.traps || options.slices >= fewest_slices_for_traps, "--traps: expected --slices ",
           fewest_slices_for_traps, " or more, so that each duplicate has a slice of its own, got ", options.slices);
}

PhantomSummary write_phantom_dataset(const PhantomOptions& options, const Progress& progress) {
  namespace fs = std::filesystem;
  check(options);
  check_out(options);
  const fs::path unfinished = options.out / unfinished_folder;
  PhantomSummary summary;
  try {
    make_unfinished(unfinished);
    summary = make(options, unfinished, progress);
    sync_file_system(unfinished);  // once for all slices, before they take the place of others
    for (const fs::path& entry : phantom_entries()) {
      if (entry == unfinished_folder) continue;
      fs::remove_all(options.out / entry);
      fs::rename(unfinished / entry, options.out / entry);
    }
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    throw;
  }
  fs::remove_all(unfinished);
  return summary;
}

}  // namespace io::phantom
