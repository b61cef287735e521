// The program itself: falx train, from its options to a run directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>

#include "io/files/safetensors.h"
#include "nn/core/device_runtime.h"
#include "tests/apps/program_test.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::ProgramResult;
using test::RunningFalx;
using testing::HasSubstr;
using testing::Not;

class FalxTrain : public test::TinyTraining {
 protected:
  FalxTrain() : all_labels_(bytes("labels.csv")) {}

  std::set<std::string> files_in(const std::string& name) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_ / name)) names.insert(entry.path().filename());
    return names;
  }

  std::string all_labels_;
};

const std::set<std::string> run_files = {"config.json",     "history.csv",  "last.safetensors", "model.safetensors",
                                         "predictions.csv", "rejected.csv", "report.html",      "split.csv"};

TEST_F(FalxTrain, WritesTheRunDirectory) {
  const ProgramResult result = train("run", {"--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(files_in("run"), run_files);
  EXPECT_THAT(result.out, HasSubstr("best epoch 1: weighted log loss"));
  EXPECT_THAT(result.out, HasSubstr("class prior"));
  const json config = json::parse(bytes("run/config.json"));
  EXPECT_EQ(config["batch"], 4);
  EXPECT_EQ(config["lr"], 2e-3) << "what was left open must be filled in";
  EXPECT_THAT(bytes("run/report.html"), HasSubstr("</html>"));
  EXPECT_THAT(bytes("run/report.html"), HasSubstr("<h1>run</h1>"));
}

TEST_F(FalxTrain, JsonIsOneLineAnEpoch) {
  const ProgramResult result = train("run", {"--json", "--epochs", "2", "--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const std::vector<std::string> lines = result.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(json::parse(lines[0])["epoch"], 1);
  EXPECT_EQ(json::parse(lines[1])["epoch"], 2);
  for (const char* key : {"train_loss", "validation_loss", "weighted_log_loss", "class_prior", "auc_any",
                          "auc_epidural", "learning_rate", "images_per_second", "seconds"}) {
    EXPECT_TRUE(json::parse(lines[1]).contains(key)) << key;
  }
}

TEST_F(FalxTrain, APathThatTheConfigurationCouldNotKeepIsRefusedAtOnce) {
  fs::rename(path("images"), path("im\xe9"));
  expect_one_line(train("run", {"--images", path("im\xe9")}), 2, ": is not UTF-8, and config.json could not keep it");
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(FalxTrain, KeepsTheLargestSeed) {
  ASSERT_EQ(train("run", {"--seed", "18446744073709551615", "--quiet"}).exit_code, 0);
  EXPECT_EQ(json::parse(test::run_falx("info --json " + path("run")).out)["seed"], 18446744073709551615U);
}

TEST_F(FalxTrain, OnATerminalThereIsABarWithRateAndTimeLeft) {
  std::vector<std::string> arguments = this->arguments("run");
  std::vector<char*> argv = {const_cast<char*>(FALX_PROGRAM)};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int terminal = -1;
  const pid_t process = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (process == 0) {
    ::execv(FALX_PROGRAM, argv.data());
    ::_exit(127);
  }
  std::string seen;
  char buffer[4096];
  for (ssize_t count; (count = ::read(terminal, buffer, sizeof buffer)) > 0;) {
    seen.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(terminal);
  int status = 0;
  ::waitpid(process, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0) << seen;
  EXPECT_THAT(seen,
              testing::ContainsRegex("epoch 1/1  \\[#+\\.*\\]  [0-9]+/[0-9]+ images  [0-9.]+/s  [0-9:]+ left  loss"));
  EXPECT_THAT(seen, HasSubstr("\r\033[K"));
}

TEST_F(FalxTrain, WithoutPatientsItSaysSo) {
  std::vector<fs::path> pictures;
  for (const auto& entry : fs::directory_iterator(directory_ / "images")) pictures.push_back(entry.path());
  for (const fs::path& picture : pictures) {  // folders stand in for patients
    const fs::path folder = directory_ / "images" / ("folder" + picture.stem().string().substr(7, 1));
    fs::create_directories(folder);
    fs::rename(picture, folder / picture.filename());
  }
  const ProgramResult result = train("run", {"--groups", "", "--quiet"});
  EXPECT_THAT(result.error, HasSubstr("24 of 24 images name no patient"));
  EXPECT_THAT(result.out, HasSubstr("not split by patient"));
}

TEST_F(FalxTrain, ARejectedFileGivesExitCode3AndIsListed) {
  fs::resize_file(directory_ / "images" / "picture1.png", 200);
  const ProgramResult result = train("run", {"--quiet", "--missing-labels", "mask"});
  EXPECT_EQ(result.exit_code, 3) << result.error;
  EXPECT_THAT(bytes("run/rejected.csv"), HasSubstr("picture1.png"));
  EXPECT_THAT(result.error, HasSubstr("rejected files: 1, see"));
}

TEST_F(FalxTrain, ConfigFileGivesOptionsAndTheCommandLineOverridesThem) {
  std::ofstream(directory_ / "my.json") << R"({"batch": 6, "epochs": 7, "lr": 0.001})";
  const ProgramResult result =
      RunningFalx({"train", "--config", path("my.json"), "--images", path("images"), "--labels", path("labels.csv"),
                   "--groups", path("groups.csv"), "--size", "32", "--epochs", "1", "--out", path("run"), "--quiet"})
          .wait();
  EXPECT_EQ(result.exit_code, 0) << result.error;
  const json config = json::parse(bytes("run/config.json"));
  EXPECT_EQ(config["batch"], 6);
  EXPECT_EQ(config["epochs"], 1);
  EXPECT_EQ(config["lr"], 0.001);
}

TEST_F(FalxTrain, ANonEmptyDirectoryIsRefusedWithoutOverwrite) {
  fs::create_directories(directory_ / "run");
  std::ofstream(directory_ / "run" / "notes.txt") << "mine";
  expect_one_line(train("run"), 2, "is not empty: give --resume to go on with it, or --overwrite");
  EXPECT_EQ(train("run", {"--overwrite", "--quiet"}).exit_code, 0);
  EXPECT_EQ(bytes("run/notes.txt"), "mine");
  EXPECT_EQ(train("run", {"--overwrite", "--quiet"}).exit_code, 0);
}

TEST_F(FalxTrain, WrongUsageIsOneLineAndExitCode2) {
  expect_one_line(train("run", {"--model", "resnet50"}), 2, "there is no model 'resnet50'");
  expect_one_line(train("run", {"--sise", "3"}), 2, "--sise");
  expect_one_line(train("run", {"--size", "0"}), 2, "--size");
  expect_one_line(train("run", {"--size", "99999"}), 2, "--size 99999");
  expect_one_line(train("run", {"--batch", "0"}), 2, "--batch 0");
  expect_one_line(train("run", {"--epochs", "-1"}), 2, "--epochs -1");
  expect_one_line(train("run", {"--epochs", "many"}), 2, "--epochs");
  expect_one_line(train("run", {"--lr", "nan"}), 2, "--lr");
  expect_one_line(train("run", {"--window", "40"}), 2, "--window 40");
  expect_one_line(train("run", {"--input", "slices", "--window", "40/80", "--window", "80/200"}), 2, "one --window");
  expect_one_line(train("run", {"--validation", "1.5"}), 2, "--validation 1.5");
  expect_one_line(train("run", {"--folds", "3", "--fold", "3"}), 2, "--fold 3");
  expect_one_line(train("run", {"--threads", "0"}), 2, "--threads");
  for (const char* flag : {"--recompute", "--no-recompute"}) {
    expect_one_line(train("run", {"--model", "vgg16", flag}), 2,
                    "--recompute and --no-recompute are for densenet121, densenet169, densenet201: vgg16 has nothing");
  }
  std::ofstream(directory_ / "split.csv") << "patient,fold\na,0\nb,1\nc,2\n";
  expect_one_line(train("run", {"--split", path("split.csv"), "--fold", "3"}), 2, "split.csv has the folds 0 to 2");
  expect_one_line(train("run", {"--device", "tpu"}), 2, "--device tpu: expected one of auto, cpu, cuda");
  expect_one_line(train("run", {"--device", "cpu", "--precision", "bf16"}), 2, "--precision bf16 needs a GPU");
  expect_one_line(train("run", {"--config", path("absent.json")}), 2, "absent.json");
  expect_one_line(RunningFalx({"train", "--out", path("run")}).wait(), 2, "--images is required");
  expect_one_line(RunningFalx({"train"}).wait(), 2, "--out");
  EXPECT_FALSE(fs::exists(directory_ / "run"));
}

TEST_F(FalxTrain, WhatIsNotThereYetIsAbsentAndRefused) {
  const std::string help = test::run_falx("train --help").out;
  EXPECT_THAT(help, HasSubstr("--resume"));
  EXPECT_THAT(help, HasSubstr("Examples:"));
  EXPECT_THAT(help, testing::ContainsRegex("--images[^-]*required for a[ \n]+new run"));
  EXPECT_THAT(help, testing::ContainsRegex("--labels[^-]*required for a[ \n]+new run"));
  for (const char* flag : {"cuda", "bf16", "--fast", "--autotune"}) {
    EXPECT_EQ(help.find(flag) != std::string::npos, nn::runtime(nn::Device::cuda) != nullptr) << flag;
  }
  if (!nn::has_device(nn::Device::cuda)) {
    expect_one_line(train("run", {"--device", "cuda"}), 2, "device cuda is not available: ");
    expect_one_line(train("run", {"--precision", "bf16"}), 2, "--precision bf16 needs a GPU");
  }
  EXPECT_EQ(train("run", {"--precision", "f32", "--quiet"}).exit_code, 0);
}

TEST_F(FalxTrain, DataThatCannotBeUsedIsOneLineAndExitCode1AndLeavesNothing) {
  expect_one_line(train("run", {"--images", path("absent"), "--quiet"}), 1, path("absent"));
  expect_one_line(train("run", {"--labels", path("absent.csv"), "--quiet"}), 1, path("absent.csv"));
  std::ofstream(directory_ / "wrong.csv") << "picture,bleeds\npicture0,1\n";
  expect_one_line(train("run", {"--labels", path("wrong.csv"), "--quiet"}), 1, "wrong.csv");
  std::ofstream(directory_ / "short.csv") << "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,"
                                             "subdural\npicture0,1,0,0,0,0,1\n";
  expect_one_line(train("run", {"--labels", path("short.csv"), "--quiet"}), 1, "picture1");
  fs::create_directories(directory_ / "empty");
  expect_one_line(train("run", {"--images", path("empty"), "--quiet"}), 1, path("empty") + ": the folder is empty");
  EXPECT_FALSE(fs::exists(directory_ / "run"));
}

TEST_F(FalxTrain, ResumingAFinishedRunSaysThatNothingIsLeft) {
  const std::string said = "nothing is left to do: 1 of 1 epochs are trained";
  EXPECT_THAT(train("run").error, testing::Not(HasSubstr(said)));
  const ProgramResult finished = resume("run", {"--quiet"});
  EXPECT_EQ(finished.exit_code, 0) << finished.error;
  EXPECT_THAT(finished.error, HasSubstr(said));
  EXPECT_EQ(resume("run", {"--epochs", "2", "--quiet"}).error, "");
}

TEST_F(FalxTrain, ResumingRefusesWhatDiffers) {
  ASSERT_EQ(train("run", {"--quiet"}).exit_code, 0);
  const std::string before = bytes("run/last.safetensors");
  expect_one_line(resume("run", {"--batch", "8"}), 2, "--batch 8: the run was started with 4");
  expect_one_line(resume("run", {"--seed", "8"}), 2, "--seed 8");
  expect_one_line(resume("run", {"--model", "cnn-2019"}), 2, "--model");
  expect_one_line(resume("run", {"--overwrite"}), 2, "exclude");
  expect_one_line(resume("absent"), 2, "holds no run to resume");
  EXPECT_TRUE(bytes("run/last.safetensors") == before);
  EXPECT_EQ(resume("run", {"--epochs", "2", "--threads", "1", "--quiet", "--device", "cpu"}).exit_code, 0);
  EXPECT_EQ(json::parse(bytes("run/config.json"))["epochs"], 2);
}

TEST_F(FalxTrain, ResumingWithOtherLabelsIsRefused) {
  ASSERT_EQ(train("run", {"--quiet"}).exit_code, 0);
  std::string labels = bytes("labels.csv");
  labels.replace(labels.find("picture1,0,0,0,0,0,0"), 20, "picture1,1,0,0,0,0,1");
  std::ofstream(directory_ / "labels.csv") << labels;
  const ProgramResult result = resume("run", {"--epochs", "2", "--quiet"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("other training data"));
}

TEST_F(FalxTrain, ARefusedResumeLeavesTheRunAsItWas) {
  ASSERT_EQ(train("run", {"--quiet"}).exit_code, 0);
  const std::string split = bytes("run/split.csv"), config = bytes("run/config.json");
  expect_one_line(resume("run", {"--epochs", "2", "--quiet", "--id-key", "another"}), 1, "another --id-key?");
  EXPECT_EQ(bytes("run/split.csv"), split);
  EXPECT_EQ(bytes("run/config.json"), config);
  EXPECT_EQ(resume("run", {"--epochs", "2", "--quiet"}).exit_code, 0);
}

TEST_F(FalxTrain, AFinishedRunWithoutItsCheckpointIsNotBegunAgain) {
  ASSERT_EQ(train("run", {"--quiet"}).exit_code, 0);
  fs::remove(directory_ / "run/last.safetensors");
  const std::string model = bytes("run/model.safetensors"), history = bytes("run/history.csv");
  expect_one_line(resume("run", {"--epochs", "2", "--quiet"}), 1,
                  "last.safetensors: is missing, but there is history.csv");
  fs::remove(directory_ / "run/history.csv");
  expect_one_line(resume("run", {"--epochs", "2", "--quiet"}), 1, "but there is model.safetensors");
  EXPECT_TRUE(bytes("run/model.safetensors") == model);
}

TEST_F(FalxTrain, ARunIsOneProgramsAtATime) {
  RunningFalx first(arguments("run", {"--epochs", "1000", "--quiet"}));
  ASSERT_TRUE(first.wait_for_file(directory_ / "run" / "last.safetensors"));
  const char* what = ": another falx is writing to it";
  expect_one_line(resume("run", {"--epochs", "2000", "--quiet"}), 1, what);
  expect_one_line(train("run", {"--overwrite", "--quiet"}), 1, what);
  EXPECT_TRUE(fs::exists(directory_ / "run" / "last.safetensors"));
  first.signal(SIGKILL);
  first.wait();
  EXPECT_EQ(train("run", {"--overwrite", "--quiet"}).exit_code, 0) << "the dead hold no lock";
}

TEST_F(FalxTrain, OfTwoBegunAtOnceOneTrains) {
  RunningFalx one(arguments("new/run", {"--quiet"})), other(arguments("new/run", {"--quiet"}));
  const int first = one.wait().exit_code, second = other.wait().exit_code;
  EXPECT_EQ(std::min(first, second), 0);
  EXPECT_GT(std::max(first, second), 0) << "both wrote to one directory";
  EXPECT_EQ(files_in("new/run"), run_files);
}

TEST_F(FalxTrain, TheReportIsTitledByTheDirectory) {
  ASSERT_EQ(train("my run/", {"--quiet"}).exit_code, 0);
  EXPECT_THAT(bytes("my run/report.html"), HasSubstr("<h1>my run</h1>"));
}

TEST_F(FalxTrain, ADamagedOrForeignCheckpointIsRefusedInOneLine) {
  ASSERT_EQ(train("small", {"--quiet"}).exit_code, 0);
  ASSERT_EQ(train("old", {"--quiet", "--model", "cnn-2019"}).exit_code, 0);
  fs::copy_file(directory_ / "old" / "last.safetensors", directory_ / "small" / "last.safetensors",
                fs::copy_options::overwrite_existing);
  expect_one_line(resume("small", {"--epochs", "2", "--quiet"}), 1, "of the architecture cnn-2019 does not fit");
  fs::resize_file(directory_ / "old" / "last.safetensors", 1000);
  expect_one_line(resume("old", {"--epochs", "2", "--quiet"}), 1, "last.safetensors");
}

TEST_F(FalxTrain, AFullDiskKeepsTheOldCheckpoint) {
  ASSERT_EQ(train("run", {"--quiet"}).exit_code, 0);
  const std::string checkpoint = bytes("run/last.safetensors"), model = bytes("run/model.safetensors");
  const ProgramResult result =
      RunningFalx({"train", "--resume", "--out", path("run"), "--epochs", "2", "--quiet"}, 1 << 20).wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr(".safetensors"));
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  EXPECT_TRUE(bytes("run/last.safetensors") == checkpoint);
  EXPECT_TRUE(bytes("run/model.safetensors") == model);
  EXPECT_EQ(files_in("run"), run_files) << "something half-written remains";
  EXPECT_EQ(resume("run", {"--quiet"}).exit_code, 0);
}

TEST_F(FalxTrain, CtrlCAndSigtermFinishTheStepAndLeaveARunToResume) {
  RunningFalx running(arguments("run", {"--epochs", "1000", "--quiet"}));
  ASSERT_TRUE(running.wait_for_file(directory_ / "run" / "last.safetensors"));
  running.signal(SIGINT);
  ProgramResult result = running.wait();
  EXPECT_EQ(result.exit_code, 130) << result.error;
  EXPECT_THAT(result.error, HasSubstr("go on with: falx train --resume --out " + path("run")));

  const std::string before = bytes("run/history.csv");
  RunningFalx again({"train", "--resume", "--out", path("run"), "--quiet"});
  for (int i = 0; i < 6000 && bytes("run/history.csv") == before && !again.has_ended(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  again.signal(SIGTERM);
  result = again.wait();
  EXPECT_EQ(result.exit_code, 143) << result.error;
  EXPECT_THAT(bytes("run/history.csv"), testing::StartsWith(before));
  EXPECT_NE(bytes("run/history.csv"), before);
}

TEST_F(FalxTrain, CtrlCWhileTheDataAreReadIsOneLineAndLeavesNothing) {
  // The labels come through a pipe that nobody fills before the signal is there: the data are being read for sure.
  fs::remove(directory_ / "labels.csv");
  ASSERT_EQ(::mkfifo(path("labels.csv").c_str(), 0600), 0);
  RunningFalx running(arguments("run", {"--quiet"}));
  int pipe = -1;  // can be opened once the program has opened the other end
  while ((pipe = ::open(path("labels.csv").c_str(), O_WRONLY | O_NONBLOCK)) < 0 && !running.has_ended()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_GE(pipe, 0);
  running.signal(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_EQ(::write(pipe, all_labels_.data(), all_labels_.size()), static_cast<ssize_t>(all_labels_.size()));
  ::close(pipe);
  expect_one_line(running.wait(), 130, "stopped while reading the data; nothing was written");
  EXPECT_FALSE(fs::exists(directory_ / "run"));
}

TEST_F(FalxTrain, ASecondCtrlCEndsAtOnce) {
  RunningFalx running(arguments("run", {"--epochs", "1000", "--quiet", "--size", "256", "--batch", "16"}));
  ASSERT_TRUE(running.wait_for_file(directory_ / "run" / "split.csv"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  while (!running.has_ended()) {
    running.signal(SIGINT);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(running.wait().exit_code, 130);
}

/// Kills training at random moments until it ends, and compares it with a run that was left alone.
TEST_F(FalxTrain, SlowKilledAgainAndAgainItEndsWithTheSameBits) {
  const std::vector<std::string> options = {"--epochs", "6", "--quiet", "--checkpoint-minutes", "0.0001"};
  ASSERT_EQ(train("whole", options).exit_code, 0);
  nn::Random random(4711);
  int kills = 0;
  std::vector<std::string> next = arguments("killed", options);
  for (bool ended = false; !ended && kills < 200;) {
    RunningFalx running(next);
    if (kills == 0) running.wait_for_file(directory_ / "killed" / "split.csv");
    const auto patience = std::chrono::milliseconds(50 + random.below(200) + 10 * static_cast<unsigned>(kills));
    const auto start = std::chrono::steady_clock::now();
    while (!running.has_ended() && std::chrono::steady_clock::now() - start < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ended = running.has_ended();
    if (!ended) {
      running.signal(SIGKILL);
      ++kills;
      // Going on with another number of threads must not matter.
      next = {"train", "--resume", "--out", path("killed"), "--quiet", "--threads", std::to_string(1 + kills % 3)};
      running.wait();
    } else {
      const ProgramResult result = running.wait();
      ASSERT_EQ(result.exit_code, 0) << result.error;
    }
  }
  EXPECT_GT(kills, 2);
  RecordProperty("kills", kills);
  EXPECT_TRUE(bytes("whole/model.safetensors") == bytes("killed/model.safetensors"));
  EXPECT_EQ(bytes("whole/predictions.csv"), bytes("killed/predictions.csv"));
  EXPECT_EQ(bytes("whole/split.csv"), bytes("killed/split.csv"));
  EXPECT_EQ(io::weight_hash(io::read_safetensors(directory_ / "whole" / "last.safetensors")),
            io::weight_hash(io::read_safetensors(directory_ / "killed" / "last.safetensors")));
}

}  // namespace
