// Whole runs on a device. The tests' device computes with the CPU's kernels, so its runs have the CPU's bits: what
// differs is where memory lies, when results are read, and what is recorded.
#include "train/training_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/files/atomic_file.h"
#include "nn/cpu/bf16/product_precision.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_device.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_pictures.h"
#include "train/predict.h"

namespace {

using testing::HasSubstr;
using train::Ended;

class DeviceRun : public testing::Test {
 protected:
  DeviceRun() { test::write_tiny_pictures(directory_.path()); }

  train::TrainConfig config(const train::ComputeOptions& compute) const {
    train::TrainConfig config;
    config.images = (directory_ / "images").string();
    config.labels = (directory_ / "labels.csv").string();
    config.groups = (directory_ / "groups.csv").string();
    config.size = 32;
    config.batch = 4;
    config.epochs = 2;
    config.validation = 0.25;
    config.seed = 5;
    config.compute = compute;
    return train::resolve(config);
  }

  Ended go(const char* name, const train::TrainConfig& config, int steps = 1000) const {
    std::filesystem::create_directories(directory_ / name);
    train::TrainingRun run(config, {directory_ / name});
    train::TrainingObserver silent;
    return run.train(silent, [&] { return --steps < 0; });
  }
  /// Of the last checkpoint: weights, statistics, moments, step state.
  std::string last(const char* name) const {
    return io::weight_hash(io::read_safetensors(directory_ / name / "last.safetensors"));
  }
  std::string bytes(const char* name, const char* file) const { return io::read_file(directory_ / name / file); }

  test::FakeDevice& device_ = test::FakeDevice::install();
  test::TemporaryDirectory directory_;
};

const train::ComputeOptions cpu{.device = "cpu"}, cuda{.device = "cuda"};

TEST_F(DeviceRun, HasTheBitsOfTheCpu) {
  ASSERT_EQ(go("cpu", config(cpu)), Ended::all_epochs);
  const test::FakeDevice::Counts before = device_.counts;
  ASSERT_EQ(go("cuda", config(cuda)), Ended::all_epochs);
  EXPECT_EQ(device_.counts.graphs - before.graphs, 1) << "of a training step; validation has too few batches";
  EXPECT_GT(device_.counts.replays - before.replays, 1);
  EXPECT_EQ(last("cuda"), last("cpu"));
  EXPECT_EQ(bytes("cuda", "predictions.csv"), bytes("cpu", "predictions.csv"));
  EXPECT_TRUE(bytes("cuda", "model.safetensors") == bytes("cpu", "model.safetensors"));
}

TEST_F(DeviceRun, SlowStoppedItGoesOnWithTheSameBitsHereOrThere) {
  ASSERT_EQ(go("whole", config(cuda)), Ended::all_epochs);
  for (const int steps : {3, 8}) {
    SCOPED_TRACE(steps);
    const std::string here = "here" + std::to_string(steps), there = "there" + std::to_string(steps);
    ASSERT_EQ(go(here.c_str(), config(cuda), steps), Ended::interrupted);
    ASSERT_EQ(go(here.c_str(), config(cuda)), Ended::all_epochs);
    EXPECT_EQ(last(here.c_str()), last("whole"));
    ASSERT_EQ(go(there.c_str(), config(cuda), steps), Ended::interrupted);
    ASSERT_EQ(go(there.c_str(), config(cpu)), Ended::all_epochs);
    EXPECT_EQ(last(there.c_str()), last("whole"));
  }
}

TEST_F(DeviceRun, SlowInBf16SavesF32AndGoesOnWithTheSameBits) {
  const train::ComputeOptions bf16{.device = "cuda", .precision = "bf16"};
  ASSERT_EQ(go("whole", config(bf16)), Ended::all_epochs);
  ASSERT_EQ(go("stopped", config(bf16), 3), Ended::interrupted);
  for (const io::StoredTensor& tensor : io::read_safetensors(directory_ / "stopped" / "last.safetensors").tensors) {
    EXPECT_NE(tensor.type, io::ElementType::bf16) << tensor.name;
  }
  ASSERT_EQ(go("stopped", config(bf16)), Ended::all_epochs);
  EXPECT_EQ(last("stopped"), last("whole"));
}

TEST_F(DeviceRun, PredictsAsTheCpuDoes) {
  train::TrainConfig one_epoch = config(cpu);
  one_epoch.epochs = 1;
  ASSERT_EQ(go("run", one_epoch), Ended::all_epochs);
  const train::ModelFile model = train::read_model(directory_ / "run");
  const auto predicted = [&](const train::ComputeOptions& options) {
    train::SliceCache cache;
    return train::predict(model, {.input = directory_ / "images", .batch = 4, .compute = train::set_up(options)}, cache)
        .predictions;
  };
  const int graphs = device_.counts.graphs;
  const auto expected = predicted(cpu);
  io::write_file_atomically(directory_ / "run" / "conv_choices.json", "choices are for the CPU, and not read");
  const auto found = predicted(cuda);
  EXPECT_EQ(device_.counts.graphs, graphs + 1);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].logit, expected[i].logit) << i;
}

TEST_F(DeviceRun, TuningIsForTheCpuAndTheRunKeepsNoChoice) {
  train::TrainConfig tuned = config({.device = "cuda", .conv = "tune"});
  tuned.epochs = 1;
  ASSERT_EQ(go("run", tuned), Ended::all_epochs);
  EXPECT_EQ(train::read_conv_choices(directory_ / "run" / "conv_choices.json").table->decisions().size(), 0U);
  const train::TrainingRun run(train::resolve(tuned), {directory_ / "run"});
  EXPECT_THAT(run.warnings(), testing::Contains(std::string(train::tune_conv_on_gpu)));
  tuned.compute.device = "cpu";
  tuned.epochs = 2;
  const train::TrainingRun on_cpu(train::resolve(tuned), {directory_ / "run"});
  EXPECT_THAT(on_cpu.warnings(), testing::Contains(std::string(train::untuned_conv)));
  EXPECT_EQ(go("run", tuned), Ended::all_epochs) << "on the CPU it goes on by auto";
}

TEST_F(DeviceRun, GoesOnWithoutReadingTheChoicesOfTheCpu) {
  train::TrainConfig tuned = config({.device = "cpu", .conv = "tune"});
  const auto go_to = [&](int epochs, const char* device) {
    tuned.epochs = epochs;
    tuned.compute.device = device;
    return go("run", tuned);
  };
  ASSERT_EQ(go_to(1, "cpu"), Ended::all_epochs);
  const std::string choices = bytes("run", "conv_choices.json");
  ASSERT_EQ(go_to(2, "cuda"), Ended::all_epochs);
  EXPECT_EQ(bytes("run", "conv_choices.json"), choices) << "for when it goes on on the CPU again";
  ASSERT_EQ(go_to(3, "cpu"), Ended::all_epochs);
  EXPECT_EQ(bytes("run", "conv_choices.json"), choices);
  io::write_file_atomically(directory_ / "run" / "conv_choices.json", "damaged");
  ASSERT_EQ(go_to(4, "cuda"), Ended::all_epochs);
  EXPECT_EQ(bytes("run", "conv_choices.json"), "damaged");
  EXPECT_THAT(test::error_of([&] { go_to(5, "cpu"); }),
              testing::ContainsRegex("run/conv_choices.json: holds no choices of convolutions: [^\n]*$"));
}

TEST_F(DeviceRun, LeavesNoBf16ForWhatTheCpuComputesBesideIt) {
  nn::cpu::set_product_precision("portable_bf16");
  train::set_up({.device = "cuda", .precision = "bf16"});
  EXPECT_EQ(nn::cpu::product_precision(), "f32");
}

TEST_F(DeviceRun, OptionsReachTheDevice) {
  const train::Compute compute =
      train::set_up({.device = "cuda", .precision = "tf32", .deterministic = false, .autotune = true});
  EXPECT_EQ(compute.device, nn::Device::cuda);
  EXPECT_EQ(compute.dtype, nn::DType::f32);
  EXPECT_TRUE(device_.options.tensor_float32);
  EXPECT_FALSE(device_.options.deterministic);
  EXPECT_TRUE(device_.options.autotune);
  EXPECT_EQ(train::set_up({}).device, nn::Device::cuda) << "auto";
  EXPECT_EQ(train::set_up({.precision = "bf16"}).dtype, nn::DType::bf16);
  EXPECT_FALSE(device_.options.tensor_float32);
  EXPECT_TRUE(device_.options.deterministic);
}

TEST_F(DeviceRun, ResumesOnAnotherDeviceButInNoOtherPrecision) {
  const train::TrainConfig run = config(cuda);
  train::TrainConfig given;
  given.compute.device = "cpu";
  EXPECT_EQ(train::resumed(run, given, {"device"}).compute.device, "cpu");
  given.compute.precision = "bf16";
  try {
    train::resumed(run, given, {"precision"});
    FAIL() << "expected an error";
  } catch (const nn::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--precision \"bf16\": the run was started with \"f32\""));
  }
}

}  // namespace
