#include "train/run_space.h"

#include <gtest/gtest.h>

#include "io/labels.h"
#include "models/registry.h"
#include "nn/layers/parameter_buffers.h"
#include "tests/support/temporary_directory.h"
#include "train/checkpoint.h"
#include "train/model_file.h"

namespace {

TEST(RunSpace, IsWhatModelAndCheckpointTake) {
  for (const char* optimizer : {"adamw", "sgd"}) {
    train::TrainConfig config;
    config.size = 64;
    config.optimizer = optimizer;
    const auto network = models::make_model("cnn", {.classes = io::label_count, .size = 64});
    const nn::ParameterBuffers buffers(nn::group_by_weight_decay(network->parameters()), nn::DType::f32,
                                       nn::Device::cpu);
    const train::Optimizer moments(buffers, {.kind = train::optimizer_kind(optimizer)});
    const test::TemporaryDirectory directory;
    const train::RunDirectory run{directory.path()};
    train::ModelDescription description;
    description.architecture = "cnn";
    train::write_model(run.model(), description, *network);
    train::CheckpointIdentity identity;
    identity.architecture = "cnn";
    train::write_checkpoint(run.checkpoint(), identity, *network, moments, {});
    const train::RunSpace space = train::run_space(config);
    const auto expect_size = [](std::uint64_t predicted, const std::filesystem::path& file) {
      const auto size = static_cast<double>(std::filesystem::file_size(file));
      EXPECT_LE(static_cast<double>(predicted), size);
      EXPECT_NEAR(static_cast<double>(predicted), size, 0.01 * size + 20e3) << "the header, and the moments' padding";
    };
    expect_size(space.model, run.model());
    expect_size(space.checkpoint, run.checkpoint());
    EXPECT_EQ(space.at_most(), space.model + 2 * space.checkpoint);
    train::check_run_space(config, run);
  }
}

}  // namespace
