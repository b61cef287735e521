// The program itself: falx predict, on synthetic DICOM slices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "io/files/csv.h"
#include "io/phantom/dataset.h"
#include "models/registry.h"
#include "tests/apps/program_test.h"
#include "tests/support/shared_data.h"
#include "train/model_file.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::ProgramResult;
using test::RunningFalx;
using testing::HasSubstr;
using testing::Not;

/// A data set and a model of adjacent slices, made once for all tests.
class FalxPredict : public test::ProgramTest {
 protected:
  static void SetUpTestSuite() {
    made_ = new test::TemporaryDirectory;
    io::phantom::write_phantom_dataset(
        {.out = *made_ / "data", .patients = 6, .test_patients = 2, .slices = 5, .size = 64});
    const ProgramResult result = RunningFalx({"train", "--images", made("data/stage_2_train"), "--labels",
                                              made("data/stage_2_train.csv"), "--out", made("run"), "--input", "slices",
                                              "--size", "32", "--epochs", "1", "--batch", "8", "--quiet"})
                                     .wait();
    if (result.exit_code != 0) throw std::runtime_error(result.error);
  }
  static void TearDownTestSuite() {
    delete made_;
    made_ = nullptr;
  }

  static std::string made(const std::string& name) { return (*made_ / name).string(); }
  static fs::path some_slice() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(*made_ / "data/stage_2_test")) files.push_back(entry.path());
    return *std::min_element(files.begin(), files.end());
  }

  ProgramResult predict(const std::string& input, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"predict", "--model", made("run"), "--input", input, "--out", path("out"), "--quiet"});
    return RunningFalx(more).wait();
  }
  std::vector<std::string> column(const std::string& file, const char* name) const {
    std::vector<std::string> values;
    for (io::CsvReader csv(directory_ / file); csv.next();) values.emplace_back(csv.field(name));
    return values;
  }

  inline static test::TemporaryDirectory* made_ = nullptr;
};

TEST_F(FalxPredict, WritesAllItsFiles) {
  const ProgramResult result = predict(made("data/stage_2_test"));
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  const std::vector<std::string> images = column("out/predictions.csv", "image");
  EXPECT_GE(images.size(), 10U);
  EXPECT_EQ(column("out/submission.csv", "ID").size(), 6 * images.size());
  EXPECT_GE(column("out/studies.csv", "study").size(), 4U);  // a row a series and a row a study
  EXPECT_TRUE(column("out/rejected.csv", "file").empty());
  EXPECT_THAT(io::read_file(directory_ / "out/report.html"), HasSubstr("</html>"));
  for (const std::string& context : column("out/predictions.csv", "context")) EXPECT_EQ(context, "");
}

TEST_F(FalxPredict, TheReportShowsStudiesByProbabilityInTableAndPages) {
  ASSERT_EQ(predict(made("data")).exit_code, 0);
  const std::string html = bytes("out/report.html");
  std::vector<std::string> table, cards;
  const std::regex row("<a href=\"#study-[0-9]+\"><code>([^<]+)</code>"), card("<h2>Study <code>([^<]+)</code>");
  for (std::sregex_iterator at(html.begin(), html.end(), row), end; at != end; ++at) table.push_back((*at)[1]);
  for (std::sregex_iterator at(html.begin(), html.end(), card), end; at != end; ++at) cards.push_back((*at)[1]);
  EXPECT_GT(table.size(), 4U);
  EXPECT_EQ(table, cards);
  std::map<std::string, double> any_of;
  for (io::CsvReader csv(directory_ / "out/studies.csv"); csv.next();) {
    if (csv.field("series").empty())
      any_of[std::string(csv.field("study"))] = std::stod(std::string(csv.field("p_any")));
  }
  for (std::size_t i = 1; i < table.size(); ++i) EXPECT_GE(any_of.at(table[i - 1]), any_of.at(table[i])) << i;
}

TEST_F(FalxPredict, JsonIsOneLineAnImage) {
  const ProgramResult result = predict(made("data/stage_2_test"), {"--json"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const std::vector<std::string> lines = result.lines();
  EXPECT_EQ(lines.size(), column("out/predictions.csv", "image").size());
  for (const std::string& line : lines) {
    EXPECT_GT(json::parse(line)["p_any"], 0);
    EXPECT_LT(json::parse(line)["p_subdural"], 1);
  }
}

TEST_F(FalxPredict, ASingleSliceIsItsOwnNeighbour) {
  EXPECT_EQ(predict(some_slice().string()).exit_code, 0);
  EXPECT_THAT(column("out/predictions.csv", "context"), testing::ElementsAre("none"));
}

TEST_F(FalxPredict, RejectedImagesHaveTheClassPriorByTheTemplate) {
  fs::copy(*made_ / "data/stage_2_test", directory_ / "input");
  const fs::path broken = directory_ / "input" / some_slice().filename();
  fs::resize_file(broken, fs::file_size(broken) / 2);
  const std::string id = broken.stem().string();
  std::ofstream submission_template(directory_ / "template.csv");
  submission_template << "ID,Label\n";
  for (const char* label : {"epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any"}) {
    submission_template << id << '_' << label << ",0.5\n";
  }
  submission_template.close();

  const ProgramResult result = predict(path("input"), {"--template", path("template.csv")});
  EXPECT_EQ(result.exit_code, 3) << result.error;
  EXPECT_THAT(result.out, HasSubstr("1 file rejected"));
  EXPECT_THAT(result.out, HasSubstr("1 of them without a prediction have the class prior"));
  EXPECT_THAT(column("out/rejected.csv", "code"), testing::ElementsAre("truncated"));
  EXPECT_THAT(column("out/submission.csv", "ID"),
              testing::ElementsAre(id + "_epidural", id + "_intraparenchymal", id + "_intraventricular",
                                   id + "_subarachnoid", id + "_subdural", id + "_any"));
  EXPECT_THAT(column("out/predictions.csv", "image"), Not(testing::Contains(id)));
}

TEST_F(FalxPredict, FilesThatAreNoSliceAreRefusedByReason) {
  const fs::path broken = directory_ / "broken.dcm";
  fs::copy_file(some_slice(), broken);
  fs::resize_file(broken, fs::file_size(broken) / 2);
  expect_one_line(predict(broken.string()), 1, "truncated");
  expect_one_line(predict(path("absent")), 1, path("absent"));
  std::ofstream(directory_ / "text.dcm") << "no DICOM at all";
  expect_one_line(predict(path("text.dcm")), 1, "text.dcm");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
}

TEST_F(FalxPredict, SharedOddFilesAreRefusedByReason) {
  const fs::path folder = test::shared_data("dicom/cornerstone-ctimage-all-syntaxes");
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
  expect_one_line(predict((folder / "no-pixel-data.dcm").string()), 1, "not_ct");
  expect_one_line(predict((folder / "US-YBR_FULL_422-EVRLE.dcm").string()), 1, "no CT slice that can be used");
}

TEST_F(FalxPredict, SharedLossySeriesIsFlagged) {
  const fs::path file = test::shared_data("dicom/cornerstone-ctimage-all-syntaxes") /
                        "CTImage.dcm_JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm";
  if (!fs::exists(file)) GTEST_SKIP() << file << " is absent";
  ASSERT_EQ(predict(file.string()).exit_code, 0);
  EXPECT_THAT(column("out/studies.csv", "flags").at(0), HasSubstr("lossy"));
}

TEST_F(FalxPredict, PicturesAreRefusedByAModelOfSlices) {
  test::write_tiny_pictures(directory_.path());
  const ProgramResult result = predict(path("images"));
  expect_one_line(result, 1, "no CT slice");
}

TEST_F(FalxPredict, PicturesOfAFolderAreOneStudyWithPicturesInTheReport) {
  test::write_tiny_pictures(directory_.path());
  const ProgramResult trained =
      RunningFalx({"train", "--images", path("images"), "--labels", path("labels.csv"), "--groups", path("groups.csv"),
                   "--out", path("run"), "--size", "32", "--epochs", "1", "--quiet"})
          .wait();
  ASSERT_EQ(trained.exit_code, 0) << trained.error;
  const ProgramResult result =
      RunningFalx({"predict", "--model", path("run"), "--input", path("images"), "--out", path("out"), "--quiet"})
          .wait();
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const std::vector<std::string> lines = result.lines();
  ASSERT_EQ(lines.size(), 4U) << result.out;  // header, the study, report, count
  EXPECT_THAT(lines[1], testing::ContainsRegex("^folder:\\. +24 "));
  const std::string report = io::read_file(directory_ / "out/report.html");
  EXPECT_THAT(report, HasSubstr("24 slices in 1 series"));
  EXPECT_THAT(report, HasSubstr("data:image/png;base64,"));
}

TEST_F(FalxPredict, CtrlCWhileItReadsIsOneLineAndLeavesNothing) {
  // The template comes through a pipe that nobody fills before the signal is there: nothing is predicted yet for sure.
  for (const int signal : {SIGINT, SIGTERM}) {
    fs::remove(directory_ / "template.csv");
    ASSERT_EQ(::mkfifo(path("template.csv").c_str(), 0600), 0);
    RunningFalx running({"predict", "--model", made("run"), "--input", made("data/stage_2_test"), "--out", path("out"),
                         "--template", path("template.csv"), "--quiet"});
    int pipe = -1;  // can be opened once the program has opened the other end
    while ((pipe = ::open(path("template.csv").c_str(), O_WRONLY | O_NONBLOCK)) < 0 && !running.has_ended()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_GE(pipe, 0);
    running.signal(signal);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_GT(::write(pipe, "ID,Label\nx_any,0\n", 17), 0);
    ::close(pipe);
    expect_one_line(running.wait(), 128 + signal, "falx predict: stopped; nothing was written");
    EXPECT_FALSE(fs::exists(directory_ / "out"));
  }
}

TEST_F(FalxPredict, CtrlCWhileItPredictsIsOneLineAndLeavesNothing) {
  train::ModelDescription description;
  description.architecture = "cnn-2019";  // some ten of these images a second, twelve passes an image
  description.preprocessing = train::Preprocessing::defaults(train::ImageKind::dicom, train::InputKind::windows, 384);
  train::write_model(directory_ / "slow.safetensors", description, *models::make_model("cnn-2019", {.size = 384}));
  RunningFalx running({"predict", "--model", path("slow.safetensors"), "--input", made("data/stage_2_test"), "--out",
                       path("out"), "--batch", "1", "--tta", "flip-shift", "--quiet"});
  ASSERT_TRUE(running.wait_until_it_catches(SIGINT));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  ASSERT_FALSE(running.has_ended());
  running.signal(SIGINT);
  expect_one_line(running.wait(), 130, "falx predict: stopped; nothing was written");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
}

TEST_F(FalxPredict, AWrongTemplateIsRefusedBeforeAnythingIsWritten) {
  std::ofstream(directory_ / "wrong.csv") << "image,any\na,0\n";
  expect_one_line(predict(made("data/stage_2_test"), {"--template", path("wrong.csv")}), 1, "a column ID");
  expect_one_line(predict(made("data/stage_2_test"), {"--template", path("absent.csv")}), 1, "absent.csv");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
}

TEST_F(FalxPredict, JsonToldOfRejectedFilesOnStandardError) {
  fs::copy(*made_ / "data/stage_2_test", directory_ / "input");
  fs::resize_file(directory_ / "input" / some_slice().filename(), 3000);
  const ProgramResult result = predict(path("input"), {"--json"});
  EXPECT_EQ(result.exit_code, 3) << result.error;
  EXPECT_THAT(result.error, testing::StartsWith("falx predict: rejected files: 1, see "));
  for (const std::string& line : result.lines()) EXPECT_TRUE(json::accept(line)) << line;
}

TEST_F(FalxPredict, WrongUsageIsOneLineAndExitCode2) {
  const std::string input = made("data/stage_2_test");
  expect_one_line(predict(input, {"--tta", "rotate"}), 2, "--tta");
  expect_one_line(predict(input, {"--ensemble", "vote"}), 2, "--ensemble");
  expect_one_line(predict(input, {"--batch", "0"}), 2, "--batch");
  expect_one_line(RunningFalx({"predict", "--input", input, "--out", path("out")}).wait(), 2, "--model");
  fs::create_directories(directory_ / "out");
  std::ofstream(directory_ / "out" / "notes.txt") << "mine";
  expect_one_line(predict(input), 2, "is not empty");
  EXPECT_EQ(predict(input, {"--overwrite"}).exit_code, 0);
  EXPECT_EQ(io::read_file(directory_ / "out/notes.txt"), "mine");
}

TEST_F(FalxPredict, OverwriteLeavesTheTablesOfARunAlone) {
  fs::copy(made("run"), directory_ / "out");
  const std::string validation = bytes("out/predictions.csv");
  expect_one_line(predict(made("data/stage_2_test"), {"--overwrite"}), 2,
                  "predictions.csv: is not what this command writes");
  EXPECT_EQ(bytes("out/predictions.csv"), validation);
}

TEST_F(FalxPredict, AFullDiskLeavesNothingAndTheNextRunWrites) {
  const std::vector<std::string> arguments = {"predict", "--model",   made("run"), "--input", made("data/stage_2_test"),
                                              "--out",   path("out"), "--quiet"};
  expect_one_line(RunningFalx(arguments, 16 << 10).wait(), 1, "report.html");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
  fs::create_directories(directory_ / "out/.falx-unfinished");  // as a killed program leaves it
  std::ofstream(directory_ / "out/.falx-unfinished/studies.csv") << "half";
  const ProgramResult result = RunningFalx(arguments).wait();
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_FALSE(fs::exists(directory_ / "out/.falx-unfinished"));
}

TEST_F(FalxPredict, AnOutputThatCannotBeMadeIsToldBeforeReading) {
  std::ofstream(directory_ / "file") << "";
  expect_one_line(
      RunningFalx({"predict", "--model", made("run"), "--input", path("absent"), "--out", path("file/out")}).wait(), 1,
      "file/out: cannot be made");
}

TEST_F(FalxPredict, WhatIsNotThereYetIsAbsentAndRefused) {
  const std::string help = test::run_falx("predict --help").out;
  EXPECT_THAT(help, HasSubstr("--template"));
  EXPECT_THAT(help, Not(HasSubstr("--heatmaps")));
  expect_one_line(predict(made("data/stage_2_test"), {"--heatmaps", "1"}), 2, "--heatmaps");
}

TEST_F(FalxPredict, AModelThatIsNoneIsRefused) {
  std::ofstream(directory_ / "text.safetensors") << "no weights";
  const auto with_model = [&](const std::string& model) {
    return RunningFalx({"predict", "--model", model, "--input", made("data/stage_2_test"), "--out", path("out")})
        .wait();
  };
  expect_one_line(with_model(path("text.safetensors")), 1, "text.safetensors");
  expect_one_line(with_model(path("absent")), 1, path("absent"));
  expect_one_line(with_model(made("run/last.safetensors")), 1, "without a description");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
}

}  // namespace
