// The program itself: falx train --weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/files/safetensors.h"
#include "io/files/sha256.h"
#include "models/registry.h"
#include "tests/apps/program_test.h"
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
class FalxTrainWeights : public test::TinyTraining {
 protected:
  FalxTrainWeights() {
    const auto network = models::make_model("densenet121", {.head = models::Head::imagenet, .seed = 11});
    io::write_safetensors(directory_ / "weights.safetensors",
                          {.tensors = train::export_weights(*network), .metadata = {}});
  }

  std::vector<std::string> densenet(const std::string& out, std::vector<std::string> more) const {
    more.insert(more.begin(), {"--model", "densenet121", "--batch", "8"});
    return arguments(out, more);
  }
  std::vector<std::string> with_weights(std::vector<std::string> more) const {
    more.insert(more.end(), {"--weights", path("weights.safetensors")});
    return more;
  }
  ProgramResult train_densenet(const std::string& out, const std::vector<std::string>& more) const {
    return RunningFalx(densenet(out, more)).wait();
  }
  ProgramResult from_weights(const std::string& out, const std::vector<std::string>& more) const {
    return train_densenet(out, with_weights(more));
  }

  json config(const std::string& run) const { return json::parse(bytes(run + "/config.json")); }
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

TEST_F(FalxTrainWeights, PicturesMeetTheColourThatCaffesWeightsSaw) {
  io::Safetensors weights = io::read_safetensors(directory_ / "weights.safetensors");
  weights.metadata["falx_scaling"] = "caffe";
  io::write_safetensors(directory_ / "weights.safetensors", weights);
  ASSERT_EQ(
      from_weights("run", {"--epochs", "1", "--freeze-epochs", "1", "--batch-norm", "frozen", "--quiet"}).exit_code, 0);
  const std::vector<float> before = weights.at("features.conv0.weight").values<float>(),
                           after = io::read_safetensors(directory_ / "run" / "model.safetensors")
                                       .at("features.conv0.weight")
                                       .values<float>();
  constexpr std::size_t pixels = 7 * 7;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t blue_green_red = i / pixels % 3;
    ASSERT_EQ(after[i - blue_green_red * pixels + (2 - blue_green_red) * pixels], before[i]) << i;
  }
  const train::ModelDescription model = train::read_model_description(directory_ / "run");
  EXPECT_NEAR(model.preprocessing.mean[0], 123.68 / 255, 1e-12) << "red";
}

TEST_F(FalxTrainWeights, GoingOnNeedsTheFileNoMoreAndEndsWithTheSameBits) {
  ASSERT_EQ(from_weights("whole", {"--epochs", "2", "--freeze-epochs", "1", "--quiet"}).exit_code, 0);
  RunningFalx running(densenet("stopped", with_weights({"--epochs", "2", "--freeze-epochs", "1", "--quiet"})));
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
  for (const char* file : {"last.safetensors", "history.csv", "model.safetensors"}) {
    fs::remove(directory_ / "stopped" / file);
  }
  const ProgramResult again = resume("stopped", {"--quiet"});  // from the beginning: the file is needed after all
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.error, HasSubstr("weights.safetensors"));
}

TEST_F(FalxTrainWeights, WhatDoesNotFitIsOneLineAndLeavesNothing) {
  expect_one_line(train_densenet("run", {"--backbone-lr", "0.1"}), 2, "--backbone-lr needs --weights");
  expect_one_line(train_densenet("run", {"--freeze-epochs", "2"}), 2, "--freeze-epochs needs --weights");
  expect_one_line(train_densenet("run", {"--batch-norm", "frozen"}), 2, "--batch-norm frozen needs --weights");
  expect_one_line(train("run", with_weights({"--model", "cnn"})), 2, "no pretrained weights for cnn");
  expect_one_line(from_weights("run", {"--weights-sha256", std::string(64, '0')}), 1, "not the file that was meant");
  expect_one_line(train_densenet("run", {"--weights", path("absent.h5")}), 1, "absent.h5");
  expect_one_line(train_densenet("run", {"--weights", path("labels.csv")}), 1, "labels.csv");
  EXPECT_FALSE(fs::exists(directory_ / "run"));
}

}  // namespace
