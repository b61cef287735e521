// The program itself: falx train --weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/files/safetensors.h"
#include "io/files/sha256.h"
#include "models/registry.h"
#include "tests/apps/running_falx.h"
#include "tests/support/tiny_pictures.h"
#include "train/model_file.h"
#include "train/weights.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::ProgramResult;
using test::RunningFalx;
using testing::HasSubstr;
using testing::Not;

/// DenseNet121 at 32 pixels on tiny pictures, from a file of random numbers in the place of ImageNet's.
class FalxTrainWeights : public testing::Test {
 protected:
  FalxTrainWeights() {
    test::write_tiny_pictures(directory_.path());
    const auto network = models::make_model("densenet121", {.head = models::Head::imagenet, .seed = 11});
    io::write_safetensors(directory_ / "weights.safetensors",
                          {.tensors = train::export_weights(*network), .metadata = {}});
  }

  ProgramResult train(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"train",
                                    "--out",
                                    path(out),
                                    "--images",
                                    path("images"),
                                    "--labels",
                                    path("labels.csv"),
                                    "--groups",
                                    path("groups.csv"),
                                    "--size",
                                    "32",
                                    "--batch",
                                    "8",
                                    "--model"};
    if (std::find(more.begin(), more.end(), "cnn") == more.end()) all.push_back("densenet121");
    all.insert(all.end(), more.begin(), more.end());
    return RunningFalx(all).wait();
  }
  ProgramResult from_weights(const std::string& out, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--weights", path("weights.safetensors")});
    return train(out, more);
  }
  ProgramResult resume(const std::string& out, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"train", "--resume", "--out", path(out)});
    return RunningFalx(more).wait();
  }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  json config(const std::string& run) const { return json::parse(io::read_file(directory_ / run / "config.json")); }
  static void expect_one_line(const ProgramResult& result, int exit_code, const std::string& what) {
    EXPECT_EQ(result.exit_code, exit_code) << result.error;
    EXPECT_THAT(result.error, HasSubstr(what));
    EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  }

  test::TemporaryDirectory directory_;
};

TEST_F(FalxTrainWeights, StartsFromThemAndRecordsWhatWasDone) {
  const ProgramResult result = from_weights("run", {"--epochs", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const std::string hash = io::sha256_hex(io::read_file(directory_ / "weights.safetensors"));
  EXPECT_THAT(result.error, HasSubstr("weights.safetensors: safetensors, SHA-256 " + hash));
  EXPECT_THAT(result.error, HasSubstr("604 tensors loaded; left out: classifier.bias, classifier.weight; new: "
                                      "head.bias, head.weight"));
  const json options = config("run");
  EXPECT_EQ(options["weights"], path("weights.safetensors"));
  EXPECT_EQ(options["weights-sha256"], hash);
  EXPECT_EQ(options["lr"], 1e-3);
  EXPECT_EQ(options["backbone-lr"], 1e-3);
  EXPECT_EQ(options["freeze-epochs"], 0);
  EXPECT_EQ(options["batch-norm"], "train");
  EXPECT_THAT(io::read_file(directory_ / "run" / "report.html"), HasSubstr(hash));
  const train::ModelDescription model = train::read_model_description(directory_ / "run");
  EXPECT_EQ(model.pretrained.value().sha256, hash);
  EXPECT_EQ(model.pretrained.value().file, "weights.safetensors");
  EXPECT_EQ(model.preprocessing.mean, (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(model.preprocessing.deviation, (std::vector<double>{0.229, 0.224, 0.225}));
}

TEST_F(FalxTrainWeights, FrozenAltogetherOnlyTheHeadChanges) {
  const ProgramResult result =
      from_weights("run", {"--epochs", "1", "--freeze-epochs", "1", "--batch-norm", "frozen", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(result.error, "");
  const io::Safetensors before = io::read_safetensors(directory_ / "weights.safetensors"),
                        after = io::read_safetensors(directory_ / "run" / "model.safetensors");
  std::size_t same = 0;
  for (const io::StoredTensor& tensor : after.tensors) {
    if (tensor.name.starts_with("head.")) continue;
    EXPECT_EQ(tensor.values<float>(), before.at(tensor.name).values<float>()) << tensor.name;
    ++same;
  }
  EXPECT_EQ(same, 604U);
}

TEST_F(FalxTrainWeights, GoingOnNeedsTheFileNoMoreAndEndsWithTheSameBits) {
  ASSERT_EQ(from_weights("whole", {"--epochs", "2", "--freeze-epochs", "1", "--quiet"}).exit_code, 0);
  RunningFalx running({"train",
                       "--out",
                       path("stopped"),
                       "--images",
                       path("images"),
                       "--labels",
                       path("labels.csv"),
                       "--groups",
                       path("groups.csv"),
                       "--size",
                       "32",
                       "--batch",
                       "8",
                       "--model",
                       "densenet121",
                       "--weights",
                       path("weights.safetensors"),
                       "--epochs",
                       "2",
                       "--freeze-epochs",
                       "1",
                       "--quiet"});
  ASSERT_TRUE(running.wait_for_file(directory_ / "stopped" / "config.json"));
  running.signal(SIGINT);
  ASSERT_EQ(running.wait().exit_code, 130);
  fs::rename(directory_ / "weights.safetensors", directory_ / "elsewhere.safetensors");
  expect_one_line(resume("stopped", {"--weights", path("elsewhere.safetensors")}), 2, "the run was started with");
  const ProgramResult result = resume("stopped", {"--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_TRUE(io::read_file(directory_ / "whole" / "model.safetensors") ==
              io::read_file(directory_ / "stopped" / "model.safetensors"));
  EXPECT_EQ(io::weight_hash(io::read_safetensors(directory_ / "whole" / "last.safetensors")),
            io::weight_hash(io::read_safetensors(directory_ / "stopped" / "last.safetensors")));
  fs::remove(directory_ / "stopped" / "last.safetensors");
  const ProgramResult again = resume("stopped", {"--quiet"});  // from the beginning: the file is needed after all
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.error, HasSubstr("weights.safetensors"));
}

TEST_F(FalxTrainWeights, WhatDoesNotFitIsOneLineAndLeavesNothing) {
  expect_one_line(train("run", {"--backbone-lr", "0.1"}), 2, "--backbone-lr needs --weights");
  expect_one_line(train("run", {"--freeze-epochs", "2"}), 2, "--freeze-epochs needs --weights");
  expect_one_line(train("run", {"--batch-norm", "frozen"}), 2, "--batch-norm frozen needs --weights");
  expect_one_line(from_weights("run", {"cnn"}), 2, "no pretrained weights for cnn");
  expect_one_line(from_weights("run", {"--weights-sha256", std::string(64, '0')}), 1, "not the file that was meant");
  expect_one_line(train("run", {"--weights", path("absent.h5")}), 1, "absent.h5");
  expect_one_line(train("run", {"--weights", path("labels.csv")}), 1, "labels.csv");
  EXPECT_FALSE(fs::exists(directory_ / "run"));
}

}  // namespace
