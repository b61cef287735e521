#include "train/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "nn/core/parallel.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/data/image_files.h"
#include "train/data/label_match.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using train::Dataset;
using train::ImageKind;

class DatasetTest : public testing::Test {
 protected:
  std::filesystem::path images() const { return directory_ / "images"; }
  std::filesystem::path labels() const { return directory_ / "labels.csv"; }
  void slice(const std::string& file, const test::SliceFile& content) { test::write_slice(images() / file, content); }
  void picture(const std::string& file, int seed = 1) { test::write_picture(images() / file, 12, 10, seed); }

  train::DatasetOptions options() const {
    train::DatasetOptions options;
    options.images = images();
    if (std::filesystem::exists(labels())) options.labels = labels();
    return options;
  }
  Dataset load() { return train::load_dataset(options(), cache_); }
  std::string error_of(const train::DatasetOptions& options) {
    return test::error_of([&] { train::load_dataset(options, cache_); });
  }

  test::TemporaryDirectory directory_;
  train::SliceCache cache_;
};

std::vector<std::string> ids(const Dataset& dataset) {
  std::vector<std::string> result;
  for (const train::DatasetImage& image : dataset.images) result.push_back(image.id);
  return result;
}

std::map<std::string, std::string> codes(const Dataset& dataset) {
  std::map<std::string, std::string> result;
  for (const io::RejectedFile& row : dataset.rejected) result[row.file] = std::string(name(row.kind)) + " " + row.code;
  return result;
}

TEST_F(DatasetTest, OrdersASeriesAndLinksNeighbours) {
  slice("x.dcm", {.image_id = "top", .position_mm = 20, .seed = 1});
  slice("y.dcm", {.image_id = "bottom", .position_mm = 0, .seed = 2});
  slice("z.dcm", {.image_id = "middle", .position_mm = 10, .seed = 3});
  slice("lone.dcm", {.image_id = "lone", .series = "SE2", .seed = 4});
  const Dataset dataset = load();
  ASSERT_THAT(ids(dataset), ElementsAre("bottom", "middle", "top", "lone"));
  EXPECT_EQ(dataset.kind, ImageKind::dicom);
  EXPECT_THAT(dataset.images[0].neighbours, ElementsAre(0, 0, 1));
  EXPECT_THAT(dataset.images[1].neighbours, ElementsAre(0, 1, 2));
  EXPECT_THAT(dataset.images[2].neighbours, ElementsAre(1, 2, 2));
  EXPECT_THAT(dataset.images[3].neighbours, ElementsAre(3, 3, 3));
  EXPECT_EQ(dataset.images[2].order, 2);
  EXPECT_EQ(dataset.images[2].position_mm, 20);
  EXPECT_EQ(dataset.images[1].file, "z.dcm");
  EXPECT_FALSE(dataset.images[1].alone);
  EXPECT_TRUE(dataset.images[3].alone);
  EXPECT_TRUE(dataset.labelled().empty());
  EXPECT_EQ(dataset.files, 4U);
}

TEST_F(DatasetTest, LabelsMatchOnTheImageId) {
  slice("1.dcm", {.image_id = "ID_a", .patient = "P1", .seed = 1});
  slice("2.dcm", {.image_id = "ID_b", .patient = "P2", .series = "SE2", .seed = 2});
  test::write_labels(labels(), {{"ID_b", true}, {"ID_a", false}, {"ID_c", true}});
  const Dataset dataset = load();
  ASSERT_THAT(ids(dataset), ElementsAre("ID_a", "ID_b"));
  EXPECT_EQ(dataset.images[0].labels.value[0], 0);
  EXPECT_EQ(dataset.images[1].labels.value[0], 1);
  EXPECT_EQ(dataset.images[1].labels.value[5], 1);
  EXPECT_EQ(dataset.labels_without_image, 1U);
  EXPECT_EQ(dataset.unlabelled, 0U);
  EXPECT_TRUE(dataset.by_patient);
}

TEST_F(DatasetTest, LabelsMatchOnAUniqueFileStem) {
  slice("a/scan.dcm", {.image_id = "1.2.3", .patient = "P1", .seed = 1});
  slice("a/other", {.image_id = "1.2.4", .patient = "P2", .series = "SE2", .seed = 2});
  test::write_labels(labels(), {{"scan", true}, {"other", false}});
  const Dataset dataset = load();
  EXPECT_EQ(dataset.images[0].labels.value[0], 1);
  EXPECT_TRUE(dataset.images[1].labelled);

  slice("b/scan.dcm", {.image_id = "1.2.5", .patient = "P3", .series = "SE3", .seed = 3});
  EXPECT_THAT(error_of(options()), HasSubstr("no row for image 1.2.3 (a/scan.dcm) and 1 others"));
}

TEST_F(DatasetTest, AFileWhoseNameContradictsItsIdIsRejected) {
  slice("ID_b.dcm", {.image_id = "ID_a", .seed = 1});
  slice("ID_c.dcm", {.image_id = "ID_c", .seed = 2});
  test::write_labels(labels(), {{"ID_a", true}, {"ID_b", true}, {"ID_c", false}});
  const Dataset dataset = load();
  EXPECT_THAT(ids(dataset), ElementsAre("ID_c"));
  EXPECT_EQ(codes(dataset)["ID_b.dcm"], "rejected label_disagrees");
  EXPECT_TRUE(dataset.images[0].alone);  // what was rejected is nobody's neighbour
}

TEST_F(DatasetTest, AFileNamedAfterAnotherImageDoesNotTakeItsLabels) {
  slice("ID_b.dcm", {.image_id = "ID_a", .seed = 1});
  slice("other.dcm", {.image_id = "ID_b", .position_mm = 5, .seed = 2});
  test::write_labels(labels(), {{"ID_b", true}});
  EXPECT_THAT(error_of(options()), HasSubstr("no row for image ID_a (ID_b.dcm) and 0 others"));
  train::DatasetOptions masked = options();
  masked.label_options.mask_missing = true;
  const Dataset dataset = train::load_dataset(masked, cache_);
  EXPECT_FALSE(dataset.images[0].labelled);
  EXPECT_EQ(dataset.images[1].labels.value[0], 1);
}

TEST_F(DatasetTest, AnImageWithoutARowIsAnErrorUnlessMasked) {
  slice("1.dcm", {.image_id = "ID_a", .position_mm = 0, .seed = 1});
  slice("2.dcm", {.image_id = "ID_b", .position_mm = 5, .seed = 2});
  test::write_labels(labels(), {{"ID_a", true}});
  EXPECT_THAT(error_of(options()), HasSubstr("no row for image ID_b (2.dcm) and 0 others"));

  train::DatasetOptions masked = options();
  masked.label_options.mask_missing = true;
  const Dataset dataset = train::load_dataset(masked, cache_);
  EXPECT_EQ(dataset.unlabelled, 1U);
  EXPECT_THAT(dataset.labelled(), ElementsAre(0));
  EXPECT_THAT(dataset.images[0].neighbours, ElementsAre(0, 0, 1));  // still a neighbour
}

TEST_F(DatasetTest, DefectiveAndForeignFilesAreListed) {
  slice("good.dcm", {.image_id = "ID_a", .seed = 1});
  slice("short.dcm", {.image_id = "ID_b", .seed = 2});
  std::filesystem::resize_file(images() / "short.dcm", std::filesystem::file_size(images() / "short.dcm") - 100);
  test::write_text(images() / "notes.txt", "not an image");
  const Dataset dataset = load();
  EXPECT_THAT(ids(dataset), ElementsAre("ID_a"));
  EXPECT_EQ(codes(dataset)["short.dcm"], "rejected truncated");
  EXPECT_EQ(codes(dataset)["notes.txt"], "skipped not_dicom");
  EXPECT_EQ(dataset.files, 3U);
}

TEST_F(DatasetTest, NothingUsableIsAnError) {
  std::filesystem::create_directories(images());
  EXPECT_THAT(error_of(options()), HasSubstr("the folder is empty"));
  test::write_text(images() / "notes.txt", "not an image");
  EXPECT_THAT(error_of(options()), testing::AllOf(HasSubstr("no CT slice that can be used among 1 file"),
                                                  HasSubstr("for example notes.txt")));
  train::DatasetOptions elsewhere = options();
  elsewhere.images = directory_ / "nowhere";
  EXPECT_THAT(error_of(elsewhere), HasSubstr("nowhere"));
}

TEST_F(DatasetTest, PicturesAreKnownByTheirPath) {
  picture("b/two.png", 1);
  picture("b/one.png", 2);
  picture("a.png", 3);
  test::write_text(images() / "readme.txt", "text");
  const Dataset dataset = load();
  EXPECT_EQ(dataset.kind, ImageKind::pictures);
  ASSERT_THAT(ids(dataset), ElementsAre("a", "b/one", "b/two"));
  EXPECT_TRUE(std::isnan(dataset.images[0].position_mm));
  EXPECT_EQ(dataset.images[2].order, 1);
  EXPECT_EQ(codes(dataset)["readme.txt"], "skipped not_picture");
}

TEST_F(DatasetTest, WhatIsNamedLikeAPictureMustBeOne) {
  picture("good.png", 1);
  for (const char* name : {"empty.png", "garbage.jpg", "GARBAGE.JPEG", "notes"}) {
    test::write_text(images() / name, name[0] == 'e' ? "" : "no picture");
  }
  Dataset dataset = load();
  EXPECT_THAT(ids(dataset), ElementsAre("good"));
  EXPECT_EQ(codes(dataset)["empty.png"], "rejected not_picture");
  EXPECT_EQ(codes(dataset)["garbage.jpg"], "rejected not_picture");
  EXPECT_EQ(codes(dataset)["GARBAGE.JPEG"], "rejected not_picture");
  EXPECT_EQ(codes(dataset)["notes"], "skipped not_picture");
}

TEST_F(DatasetTest, PicturesAreGroupedByFolderWithAWarning) {
  picture("p1/s.png", 1);
  picture("p2/s.png", 2);
  test::write_labels(labels(), {{"p1/s", true}, {"p2/s", false}});
  const Dataset dataset = load();
  EXPECT_FALSE(dataset.by_patient);
  EXPECT_FALSE(dataset.group_warning.empty());
  EXPECT_NE(dataset.images[0].patient, dataset.images[1].patient);
  EXPECT_EQ(dataset.images[0].labels.value[0], 1);
}

TEST_F(DatasetTest, TwoPicturesOfOneIdAreRejected) {
  picture("scan.png", 1);
  picture("scan.PNG", 2);
  picture("good.png", 3);
  const Dataset dataset = load();
  EXPECT_THAT(ids(dataset), ElementsAre("good"));
  EXPECT_EQ(codes(dataset)["scan.png"], "rejected duplicate_id");
  EXPECT_EQ(codes(dataset)["scan.PNG"], "rejected duplicate_id");
}

TEST_F(DatasetTest, DicomAndPicturesDoNotMix) {
  slice("1.dcm", {});
  picture("2.png");
  EXPECT_THAT(error_of(options()), HasSubstr("1 CT slices and 1 pictures"));

  train::DatasetOptions one_kind = options();
  one_kind.kind = ImageKind::dicom;
  Dataset dataset = train::load_dataset(one_kind, cache_);
  EXPECT_THAT(ids(dataset), ElementsAre("ID_a"));
  EXPECT_EQ(codes(dataset)["2.png"], "skipped not_dicom");
  one_kind.kind = ImageKind::pictures;
  dataset = train::load_dataset(one_kind, cache_);
  EXPECT_THAT(ids(dataset), ElementsAre("2"));
  EXPECT_EQ(codes(dataset)["1.dcm"], "skipped not_picture");
}

TEST_F(DatasetTest, AModelOfOneKindFindsNothingInTheOther) {
  picture("2.png");
  train::DatasetOptions dicom = options();
  dicom.kind = ImageKind::dicom;
  EXPECT_THAT(error_of(dicom), HasSubstr("no CT slice"));
}

TEST_F(DatasetTest, OneFileIsADataSetToo) {
  slice("1.dcm", {});
  train::DatasetOptions single = options();
  single.images = images() / "1.dcm";
  const Dataset dataset = train::load_dataset(single, cache_);
  ASSERT_EQ(dataset.images.size(), 1U);
  EXPECT_TRUE(dataset.images[0].alone);
  EXPECT_EQ(dataset.images[0].path, single.images.string());
}

TEST_F(DatasetTest, GroupsOverrideTheHeaders) {
  slice("1.dcm", {.image_id = "ID_a", .patient = "", .seed = 1});
  slice("2.dcm", {.image_id = "ID_b", .patient = "", .position_mm = 5, .seed = 2});
  test::write_labels(labels(), {{"ID_a", true}, {"ID_b", false}});
  test::write_text(directory_ / "groups.csv", "image,patient,study\nID_a,Ann,s1\nID_b,Bob,s2\n");
  EXPECT_FALSE(load().by_patient);
  train::DatasetOptions grouped = options();
  grouped.groups = directory_ / "groups.csv";
  const Dataset dataset = train::load_dataset(grouped, cache_);
  EXPECT_TRUE(dataset.by_patient);
  EXPECT_EQ(dataset.images[1].patient, "Bob");
  EXPECT_EQ(dataset.images[1].study, "s2");
}

TEST_F(DatasetTest, EqualPixelsOfTwoPatientsWithOtherLabelsAreReported) {
  slice("1.dcm", {.image_id = "ID_a", .patient = "P1", .series = "S1", .seed = 1});
  slice("2.dcm", {.image_id = "ID_b", .patient = "P2", .series = "S2", .seed = 1});  // the same, labelled otherwise
  slice("3.dcm", {.image_id = "ID_c", .patient = "P3", .series = "S3", .seed = 1});  // the same, labelled as the first
  slice("4.dcm", {.image_id = "ID_d", .patient = "P4", .series = "S4", .seed = 2});  // other pixels
  slice("5.dcm", {.image_id = "ID_e", .patient = "P1", .series = "S5", .seed = 1});  // other labels, but one patient
  test::write_labels(labels(), {{"ID_a", true}, {"ID_b", false}, {"ID_c", true}, {"ID_d", false}, {"ID_e", true}});
  const Dataset dataset = load();
  std::vector<std::pair<std::string, std::string>> twins;
  for (const train::Twins& pair : dataset.conflicting_twins) {
    twins.emplace_back(dataset.images[pair.first].id, dataset.images[pair.second].id);
  }
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(twins, ElementsAre(Pair("ID_a", "ID_b"), Pair("ID_b", "ID_c"), Pair("ID_b", "ID_e")));
}

TEST_F(DatasetTest, DoesNotDependOnThreads) {
  for (int i = 0; i < 30; ++i) {
    const std::string number = std::to_string(i);
    slice(number + ".dcm", {.image_id = "ID_" + number, .series = "SE" + std::to_string(i % 3), .seed = i});
  }
  const int before = nn::thread_count();
  nn::set_thread_count(1);
  const Dataset serial = load();
  nn::set_thread_count(4);
  const Dataset parallel = load();
  nn::set_thread_count(before);
  EXPECT_EQ(ids(serial), ids(parallel));
  for (std::size_t i = 0; i < serial.images.size(); ++i) {
    EXPECT_EQ(serial.images[i].pixel_hash, parallel.images[i].pixel_hash);
    EXPECT_NE(serial.images[i].pixel_hash, 0U);
  }
}

TEST_F(DatasetTest, ProgressReachesTheEnd) {
  for (int i = 0; i < 3; ++i) slice(std::to_string(i), {.image_id = std::to_string(i), .seed = i});
  std::map<std::string, std::size_t> done;
  train::DatasetOptions watched = options();
  watched.progress = [&](std::string_view what, std::size_t count, std::size_t total) {
    EXPECT_LE(count, total);
    done[std::string(what)] = count;
  };
  train::load_dataset(watched, cache_);
  EXPECT_EQ(done["headers"], 3U);
  EXPECT_EQ(done["pixels"], 3U);
}

TEST_F(DatasetTest, DataHashCoversImagesAndLabelsInAnyOrder) {
  slice("1.dcm", {.image_id = "ID_a", .seed = 1});
  slice("2.dcm", {.image_id = "ID_b", .position_mm = 1, .seed = 2});
  test::write_labels(labels(), {{"ID_a", true}, {"ID_b", false}});
  const Dataset dataset = load();
  const std::vector<std::size_t> forward = {0, 1}, backward = {1, 0}, one = {0};
  const std::string hash = train::data_hash(dataset, forward);
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash, train::data_hash(dataset, backward));
  EXPECT_NE(hash, train::data_hash(dataset, one));
  test::write_labels(labels(), {{"ID_a", true}, {"ID_b", true}});
  EXPECT_NE(hash, train::data_hash(load(), forward));
  test::write_labels(labels(), {{"ID_a", true}, {"ID_b", false}});
  slice("2.dcm", {.image_id = "ID_b", .position_mm = 1, .seed = 3});
  train::SliceCache fresh;
  EXPECT_NE(hash, train::data_hash(train::load_dataset(options(), fresh), forward));
}

TEST(FileStem, DropsFolderAndExtension) {
  EXPECT_EQ(train::file_stem("a/b/ID_1.dcm"), "ID_1");
  EXPECT_EQ(train::file_stem("ID_1"), "ID_1");
  EXPECT_EQ(train::file_stem("1.2.840.113"), "1.2.840.113");
  EXPECT_EQ(train::file_stem("x/1.2.840.113.DCM"), "1.2.840.113");
  EXPECT_EQ(train::file_stem(".hidden"), ".hidden");
  EXPECT_EQ(train::file_stem("scan.anonymised"), "scan.anonymised");
}

}  // namespace
