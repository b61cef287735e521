#include "io/dicom/series.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "nn/core/error.h"
#include "nn/core/parallel.h"
#include "tests/io/dicom/dicom_file.h"
#include "tests/support/error_of.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::DicomFile;
using Code = std::pair<std::string, std::string>;  // file, code

std::string at_height(double z) { return nn::message("-100\\-120\\", z); }

std::vector<std::string> files(const io::Series& series) {
  std::vector<std::string> names;
  for (const io::SliceHeader& slice : series.slices) names.push_back(slice.file);
  return names;
}

std::vector<Code> codes(const io::Scan& scan) {
  std::vector<Code> result;
  for (const io::RejectedFile& row : scan.rejected) result.emplace_back(row.file, row.code);
  return result;
}

class SeriesScan : public testing::Test {
 protected:
  /// A slice with its own SOPInstanceUID; `elements` on top.
  void write(const std::string& name, std::map<std::pair<int, int>, std::string> elements, DicomFile file = {}) {
    file.elements = {{{0x0008, 0x0018}, nn::message("1.2.", ++count_)}};
    for (const auto& [tag, value] : elements) file.elements[tag] = value;
    std::filesystem::create_directories((directory_ / name).parent_path());
    test::write_dicom(directory_ / name, file);
  }
  io::Scan scan() const { return io::scan(directory_.path().string()); }

  test::TemporaryDirectory directory_;
  int count_ = 0;
};

TEST_F(SeriesScan, OrdersFromTheFeetToTheHeadWhateverTheNames) {
  write("a.dcm", {{{0x0020, 0x0032}, at_height(20)}, {{0x0020, 0x0013}, "1"}});
  write("b.dcm", {{{0x0020, 0x0032}, at_height(-10)}, {{0x0020, 0x0013}, "2"}});
  write("deep/c.dcm", {{{0x0020, 0x0032}, at_height(5)}, {{0x0020, 0x0013}, "3"}});
  const io::Scan found = scan();
  EXPECT_EQ(found.files, 3U);
  EXPECT_EQ(found.slices(), 3U);
  ASSERT_EQ(found.series.size(), 1U);
  EXPECT_EQ(files(found.series[0]), (std::vector<std::string>{"b.dcm", "deep/c.dcm", "a.dcm"}));
  EXPECT_TRUE(found.series[0].has_positions);
}

TEST_F(SeriesScan, LinksThatLeadNowhereAreNoFiles) {
  write("a.dcm", {});
  std::filesystem::create_symlink("absent", directory_ / "b.dcm");
  std::filesystem::create_directory_symlink(".", directory_ / "loop");
  std::filesystem::create_symlink("a.dcm", directory_ / "c.dcm");
  EXPECT_EQ(scan().files, 3U) << "a file, the link to it, and the link to a folder";
}

TEST_F(SeriesScan, AFolderThatCannotBeListedIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list every folder";
  write("deep/a.dcm", {});
  std::filesystem::permissions(directory_ / "deep", std::filesystem::perms::none);
  EXPECT_EQ(test::error_of([&] { scan(); }),
            (directory_ / "deep").string() + ": the folder cannot be listed: Permission denied");
  std::filesystem::permissions(directory_ / "deep", std::filesystem::perms::owner_all);
}

TEST_F(SeriesScan, TheNormalPointsToTheHeadForFeetFirstAndFlippedPictures) {
  // Rows to the right: row x column points to the feet as stored.
  for (int i = 0; i < 3; ++i) {
    write(nn::message("s", i, ".dcm"),
          {{{0x0020, 0x0032}, at_height(10 - i)}, {{0x0020, 0x0037}, "-1\\0\\0\\0\\1\\0"}});
  }
  EXPECT_EQ(files(scan().series.at(0)), (std::vector<std::string>{"s2.dcm", "s1.dcm", "s0.dcm"}));
}

TEST_F(SeriesScan, OrdersAlongATiltedNormal) {
  // The gantry tilted by 18 degrees: the slices also shift to the back, so z alone is not the distance.
  for (int i = 0; i < 3; ++i) {
    write(nn::message("s", i, ".dcm"), {{{0x0020, 0x0032}, nn::message("-100\\", -120 + i * 1.5, "\\", 20 - i * 5)},
                                        {{0x0020, 0x0037}, "1\\0\\0\\0\\0.9483237\\-0.3173047"}});
  }
  const io::Series series = scan().series.at(0);
  EXPECT_EQ(files(series), (std::vector<std::string>{"s2.dcm", "s1.dcm", "s0.dcm"}));
  EXPECT_NEAR(series.slices[1].position_mm - series.slices[0].position_mm, 5 * 0.9483237 - 1.5 * 0.3173047, 1e-4);
}

TEST_F(SeriesScan, BreaksTiesByAcquisitionThenInstanceThenName) {
  write("a.dcm", {{{0x0020, 0x0012}, "2"}, {{0x0020, 0x0013}, "1"}, {{0x0008, 0x0018}, "1.9.1"}});
  write("b.dcm", {{{0x0020, 0x0012}, "1"}, {{0x0020, 0x0013}, "10"}, {{0x0008, 0x0018}, "1.9.2"}});
  write("c.dcm", {{{0x0020, 0x0012}, "1"}, {{0x0020, 0x0013}, "9"}, {{0x0008, 0x0018}, "1.9.4"}});
  write("d.dcm", {{{0x0020, 0x0012}, "1"}, {{0x0020, 0x0013}, "9"}, {{0x0008, 0x0018}, "1.9.3"}});
  EXPECT_EQ(files(scan().series.at(0)), (std::vector<std::string>{"d.dcm", "c.dcm", "b.dcm", "a.dcm"}));
}

TEST_F(SeriesScan, WithoutPositionsTheNumbersOrder) {
  for (const int instance : {10, 9, 2}) {
    write(nn::message("s", instance, ".dcm"), {{{0x0020, 0x0013}, std::to_string(instance)}},
          {.without = {{0x0020, 0x0032}}});
  }
  const io::Series series = scan().series.at(0);
  EXPECT_FALSE(series.has_positions);
  EXPECT_EQ(files(series), (std::vector<std::string>{"s2.dcm", "s9.dcm", "s10.dcm"}));
}

TEST_F(SeriesScan, SplitsBySeriesOrientationAndMatrix) {
  write("a.dcm", {});
  write("b.dcm", {{{0x0020, 0x000e}, "1.2.3.5"}});
  write("c.dcm", {{{0x0020, 0x0037}, "1\\0\\0\\0\\0.9659258\\-0.258819"}});
  write("d.dcm", {}, {.rows = 6, .columns = 4});
  write("e.dcm", {{{0x0020, 0x0032}, at_height(35)}});
  const io::Scan found = scan();
  ASSERT_EQ(found.series.size(), 4U);
  EXPECT_EQ(files(found.series[0]), (std::vector<std::string>{"a.dcm", "e.dcm"}));
  EXPECT_EQ(files(found.series[3]), (std::vector<std::string>{"b.dcm"}));
}

TEST_F(SeriesScan, WithoutASeriesUidAFolderIsASeries) {
  const DicomFile file{.without = {{0x0020, 0x000e}}};
  write("one/a.dcm", {}, file);
  write("one/b.dcm", {}, file);
  write("two/c.dcm", {}, file);
  const io::Scan found = scan();
  ASSERT_EQ(found.series.size(), 2U);
  EXPECT_EQ(files(found.series[0]), (std::vector<std::string>{"one/a.dcm", "one/b.dcm"}));
}

TEST_F(SeriesScan, OfIdenticalDuplicatesTheFirstStays) {
  write("a.dcm", {{{0x0008, 0x0018}, "1.9"}});
  write("b.dcm", {{{0x0008, 0x0018}, "1.9"}});
  write("c.dcm", {{{0x0008, 0x0018}, "1.9"}});
  write("d.dcm", {});
  const io::Scan found = scan();
  EXPECT_EQ(found.slices(), 2U);
  EXPECT_EQ(codes(found), (std::vector<Code>{{"b.dcm", "duplicate"}, {"c.dcm", "duplicate"}}));
  EXPECT_EQ(found.rejected[0].kind, io::RejectedFile::Kind::skipped);
  EXPECT_EQ(found.rejected[0].detail, "the same image as a.dcm");
}

TEST_F(SeriesScan, DifferingDuplicatesAreAllRejected) {
  write("a.dcm", {{{0x0008, 0x0018}, "1.9"}});
  write("b.dcm", {{{0x0008, 0x0018}, "1.9"}}, {.values = std::vector<int>(24, 7)});
  write("c.dcm", {{{0x0008, 0x0018}, "1.9"}});
  write("d.dcm", {});
  const io::Scan found = scan();
  EXPECT_EQ(found.slices(), 1U);
  EXPECT_EQ(codes(found), (std::vector<Code>{{"a.dcm", "conflicting_duplicate"},
                                             {"b.dcm", "conflicting_duplicate"},
                                             {"c.dcm", "conflicting_duplicate"}}));
  EXPECT_EQ(found.rejected[0].kind, io::RejectedFile::Kind::rejected);
}

TEST_F(SeriesScan, TheSamePixelsUnderAnotherRescaleAreAConflict) {
  write("a.dcm", {{{0x0008, 0x0018}, "1.9"}});
  write("b.dcm", {{{0x0008, 0x0018}, "1.9"}, {{0x0028, 0x1052}, "-1000"}});
  EXPECT_EQ(scan().slices(), 0U);
}

TEST_F(SeriesScan, OtherFilesInTheFolderDoNotDisturb) {
  write("a.dcm", {});
  std::ofstream(directory_ / "labels.csv") << "ID,Label\n";
  std::ofstream(directory_ / "broken.dcm") << std::string(200, 'x');
  const io::Scan found = scan();
  EXPECT_EQ(found.files, 3U);
  EXPECT_EQ(found.slices(), 1U);
  EXPECT_EQ(codes(found), (std::vector<Code>{{"broken.dcm", "not_dicom"}, {"labels.csv", "not_dicom"}}));
}

TEST_F(SeriesScan, LinksToFilesAreFollowedAndLinksToFoldersAreListed) {
  write("real/a.dcm", {});
  write("elsewhere.dcm", {});
  std::filesystem::create_symlink(directory_ / "elsewhere.dcm", directory_ / "real" / "b.dcm");
  std::filesystem::create_directory_symlink(directory_ / "real", directory_ / "real" / "circle");
  const io::Scan found = io::scan((directory_ / "real").string());
  EXPECT_EQ(found.files, 3U);
  EXPECT_EQ(found.slices(), 2U);
  EXPECT_EQ(codes(found), (std::vector<Code>{{"circle", "folder_link"}}));
  EXPECT_EQ(found.rejected[0].kind, io::RejectedFile::Kind::skipped);
  EXPECT_EQ(io::scan((directory_ / "real" / "circle").string()).slices(), 2U) << "a link that is named is followed";
}

TEST_F(SeriesScan, OneFileAloneIsAScanToo) {
  write("a.dcm", {});
  const io::Scan found = io::scan((directory_ / "a.dcm").string());
  EXPECT_EQ(found.slices(), 1U);
  EXPECT_EQ(found.series.at(0).slices[0].file, "a.dcm");
}

TEST_F(SeriesScan, AMissingFolderIsAnError) { EXPECT_THROW(io::scan((directory_ / "absent").string()), nn::Error); }

TEST_F(SeriesScan, ReportsProgressAndStopsWhenToldTo) {
  write("a.dcm", {});
  std::size_t last = 0;
  io::scan(directory_.path().string(), [&](std::size_t done, std::size_t total) {
    last = done;
    EXPECT_EQ(total, 1U);
  });
  EXPECT_EQ(last, 1U);
  EXPECT_THROW(io::scan(directory_.path().string(), [](std::size_t, std::size_t) { throw nn::Error("stop"); }),
               nn::Error);
}

TEST_F(SeriesScan, FlagsASeriesByItsSlices) {
  write("a.dcm", {{{0x0018, 0x1210}, "BONE"}});
  write("b.dcm", {{{0x0018, 0x0010}, "OMNIPAQUE"}, {{0x0020, 0x0032}, at_height(31)}});
  const io::Series series = scan().series.at(0);
  EXPECT_TRUE(series.bone_kernel() && series.contrast());
  EXPECT_FALSE(series.thin_slices());
}

TEST_F(SeriesScan, PositionsTellThinSlicesWhereNoThicknessIsGiven) {
  for (int i = 0; i < 4; ++i) {
    write(nn::message("s", i, ".dcm"), {{{0x0020, 0x0032}, at_height(i * 1.25)}}, {.without = {{0x0018, 0x0050}}});
  }
  EXPECT_TRUE(scan().series.at(0).thin_slices());
}

TEST_F(SeriesScan, NeighboursRepeatAtTheEnds) {
  for (int i = 0; i < 3; ++i) write(nn::message("s", i, ".dcm"), {{{0x0020, 0x0032}, at_height(i)}});
  const io::Series series = scan().series.at(0);
  using Three = std::array<std::size_t, 3>;
  EXPECT_EQ(io::neighbours(series, 0), (Three{0, 0, 1}));
  EXPECT_EQ(io::neighbours(series, 1), (Three{0, 1, 2}));
  EXPECT_EQ(io::neighbours(series, 2), (Three{1, 2, 2}));
  EXPECT_THROW(io::neighbours(series, 3), nn::Error);
}

TEST_F(SeriesScan, DoesNotDependOnTheNumberOfThreads) {
  for (int i = 0; i < 40; ++i) {
    write(nn::message("s", i, ".dcm"),
          {{{0x0020, 0x0032}, at_height(i * 7 % 40)}, {{0x0020, 0x000e}, nn::message("1.2.3.", i % 3)}});
  }
  const int threads = nn::thread_count();
  std::vector<std::vector<std::string>> runs;
  for (const int count : {1, 4}) {
    nn::set_thread_count(count);
    std::vector<std::string> all;
    for (const io::Series& series : scan().series) {
      for (const std::string& name : files(series)) all.push_back(name);
    }
    runs.push_back(all);
  }
  nn::set_thread_count(threads);
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_EQ(runs[0].size(), 40U);
}

TEST(SharedSeries, TheTiltedHeadOf28SlicesIsOrderedByPosition) {
  const auto folder = test::shared_data("dicom/ge-head-ct-28");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const io::Scan found = io::scan(folder.string());
  ASSERT_EQ(found.series.size(), 1U);
  const io::Series& series = found.series[0];
  ASSERT_EQ(series.slices.size(), 28U);
  for (std::size_t i = 0; i < 28; ++i) {  // the files are named in the scanner's order, from the base up
    EXPECT_EQ(series.slices[i].file, nn::message(i < 9 ? "0" : "", i + 1, ".dcm"));
    EXPECT_EQ(series.slices[i].turn, io::Turn{});
  }
  // The table moves along z in steps of 4.22 mm at the base, 1.14 mm at the change, 7.38 mm above; times cos(18.5 deg).
  const auto step = [&](std::size_t i) { return series.slices[i + 1].position_mm - series.slices[i].position_mm; };
  EXPECT_NEAR(step(0), 4.22 * 0.9483237, 1e-4);
  EXPECT_NEAR(step(13), 1.14 * 0.9483237, 1e-4);
  EXPECT_NEAR(step(14), 7.38 * 0.9483237, 1e-4);
  EXPECT_FALSE(series.thin_slices() || series.contrast() || series.bone_kernel());
  EXPECT_EQ(codes(found),
            (std::vector<Code>{{"LICENSE", "not_dicom"}, {"README.md", "not_dicom"}, {"SOURCE.txt", "not_dicom"}}));
}

}  // namespace
