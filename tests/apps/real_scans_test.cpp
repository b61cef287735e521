// The program on real slices, by a network of random weights: what it says means nothing, but every file is read, in
// order, and stands in the report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/files/csv.h"
#include "models/registry.h"
#include "tests/apps/run_falx.h"
#include "tests/support/shared_data.h"
#include "train/model_file.h"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RealScans : public testing::Test {
 protected:
  /// `falx predict` on a folder of the real data, with slices as input.
  test::ProgramResult predict(const fs::path& folder) {
    const auto network = models::make_model("cnn", {.channels = 3, .size = 32});
    train::ModelDescription description;
    description.architecture = "cnn";
    description.preprocessing = train::Preprocessing::defaults(train::ImageKind::dicom, train::InputKind::slices, 32);
    train::write_model(directory_ / "model.safetensors", description, *network);
    return test::run_falx("predict --quiet --model " + (directory_ / "model.safetensors").string() + " --input " +
                          folder.string() + " --out " + (directory_ / "out").string());
  }
  std::vector<std::string> column(const std::string& file, const char* name) const {
    std::vector<std::string> values;
    for (io::CsvReader csv(directory_ / "out" / file); csv.next();) values.emplace_back(csv.field(name));
    return values;
  }
  int pictures_in_report() const {
    const std::string html = io::read_file(directory_ / "out" / "report.html");
    int count = 0;
    for (std::size_t at = 0; (at = html.find("data:image/png", at)) != std::string::npos; ++at) ++count;
    return count;
  }

  test::TemporaryDirectory directory_;
};

TEST_F(RealScans, SharedHeadOf28SlicesIsOneStudyFromTheFeetUp) {
  const fs::path folder = test::shared_data("dicom/ge-head-ct-28");
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const test::ProgramResult result = predict(folder);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("28 images predicted, 0 files rejected"));
  const std::vector<std::string> files = column("predictions.csv", "file"), order = column("predictions.csv", "order");
  const std::vector<std::string> position = column("predictions.csv", "position_mm");
  ASSERT_EQ(files.size(), 28U);
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(files[i], nn::message(i < 9 ? "0" : "", i + 1, ".dcm"));
    EXPECT_EQ(order[i], std::to_string(i));
    EXPECT_TRUE(i == 0 || std::stod(position[i - 1]) < std::stod(position[i]));
  }
  EXPECT_EQ(column("studies.csv", "study").size(), 2U) << "a row of the series and one of the study";
  EXPECT_GT(pictures_in_report(), 2);
}

TEST_F(RealScans, SharedSlicesOfTheChallengeAreFiveStudies) {
  const fs::path folder = test::shared_data("dicom/rsna-ich-labelled-5");
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const test::ProgramResult result = predict(folder);
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("5 images predicted, 0 files rejected"));
  for (const std::string& image : column("predictions.csv", "image")) EXPECT_EQ(image.size(), 12U) << image;
  EXPECT_THAT(column("predictions.csv", "context"), testing::Each("none"));
  EXPECT_EQ(column("submission.csv", "ID").size(), 30U);
  EXPECT_EQ(column("studies.csv", "study").size(), 10U);
  EXPECT_EQ(pictures_in_report(), 5);
}

}  // namespace
