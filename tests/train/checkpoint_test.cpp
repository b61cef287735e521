#include "train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/files/atomic_file.h"
#include "io/files/safetensors.h"
#include "nn/kernels/fill.h"
#include "nn/layers/parameter_buffers.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "tests/train/tiny_network.h"
#include "train/weights.h"

namespace {

using test::error_of;
using testing::HasSubstr;
using train::CheckpointIdentity;
using train::OptimizerKind;

/// A network that has been trained a little.
struct Training {
  test::TinyNetwork network;
  nn::ParameterBuffers buffers;
  train::Optimizer optimizer;

  explicit Training(std::uint64_t seed, OptimizerKind kind = OptimizerKind::adamw, std::int64_t width = 4)
      : network(width),
        buffers((network.initialize(seed), nn::group_by_weight_decay(network.parameters())), nn::DType::f32,
                nn::Device::cpu),
        optimizer(buffers, {.kind = kind}) {}

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      nn::fill(0.25 * (i + 1), buffers.gradients());
      optimizer.step(0.01);
    }
  }
  /// Of parameters and running statistics, without the buffers' padding.
  std::string hash() { return io::weight_hash({.tensors = train::export_weights(network), .metadata = {}}); }
};

const CheckpointIdentity identity{.architecture = "tiny", .data_hash = "data", .split_hash = "split"};

train::TrainingState state() {
  train::TrainingState s{.epoch = 2, .step = 3, .loss_sum = 0.1 + 0.2, .images = 7, .best_epoch = 1, .best_loss = 1e-3};
  s.history.push_back({.epoch = 1, .train_loss = 1.0 / 3, .validation_loss = std::nan(""), .auc = {}});
  s.history.back().auc[2] = 0.75;
  return s;
}

TEST(Checkpoint, GivesEverythingBackBitForBit) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "last.safetensors";
  Training first(1), second(2);
  first.steps(3);
  train::write_checkpoint(path, identity, first.network, first.optimizer, state());
  const train::TrainingState read = train::read_checkpoint(path, identity, second.network, second.optimizer);
  EXPECT_EQ(train::to_json(read), train::to_json(state()));
  EXPECT_EQ(read.loss_sum, 0.1 + 0.2);
  EXPECT_TRUE(std::isnan(read.history[0].validation_loss));
  EXPECT_EQ(first.hash(), second.hash());
  first.steps(5);
  second.steps(5);
  EXPECT_EQ(first.hash(), second.hash()) << "moments or step count were not restored";
}

TEST(Checkpoint, OfAnotherNetworkIsRefusedListingWhatDiffers) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "last.safetensors";
  Training wide(1, OptimizerKind::adamw, 5), narrow(2);
  train::write_checkpoint(path, {.architecture = "wide", .data_hash = "data", .split_hash = "split"}, wide.network,
                          wide.optimizer, state());
  const std::string before = narrow.hash();
  const std::string message =
      error_of([&] { train::read_checkpoint(path, identity, narrow.network, narrow.optimizer); });
  EXPECT_THAT(message, HasSubstr(path.string()));
  EXPECT_THAT(message, HasSubstr("of the architecture wide does not fit"));
  EXPECT_THAT(message, HasSubstr("conv.weight is [5, 3, 3, 3] instead of [4, 3, 3, 3]"));
  EXPECT_EQ(narrow.hash(), before);
}

TEST(Checkpoint, OfOtherDataOrAnotherSplitIsRefused) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "last.safetensors";
  Training training(1);
  train::write_checkpoint(path, identity, training.network, training.optimizer, state());
  const auto read = [&](const CheckpointIdentity& wanted) {
    return error_of([&] { train::read_checkpoint(path, wanted, training.network, training.optimizer); });
  };
  EXPECT_THAT(read({"tiny", "other", "split"}), HasSubstr("other training data"));
  EXPECT_THAT(read({"tiny", "data", "other"}), HasSubstr("another split"));
  EXPECT_EQ(read(identity), "");
}

TEST(Checkpoint, KnowsWhereTheFirstWeightsCameFrom) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "last.safetensors";
  Training training(1);
  train::write_checkpoint(path, identity, training.network, training.optimizer, state());
  EXPECT_FALSE(train::read_checkpoint_origin(path));
  CheckpointIdentity pretrained = identity;
  pretrained.pretrained = {.file = "a.h5", .known_as = "A", .sha256 = "01", .batch_norm_epsilon = 1.001e-5};
  train::write_checkpoint(path, pretrained, training.network, training.optimizer, state());
  EXPECT_EQ(train::read_checkpoint_origin(path), pretrained.pretrained);
  const auto read = [&](const CheckpointIdentity& wanted) {
    return error_of([&] { train::read_checkpoint(path, wanted, training.network, training.optimizer); });
  };
  EXPECT_EQ(read(pretrained), "");
  EXPECT_THAT(read(identity), HasSubstr("started from other pretrained weights"));
  pretrained.pretrained->sha256 = "02";
  EXPECT_THAT(read(pretrained), HasSubstr("started from other pretrained weights"));
  io::write_safetensors(path, {});
  EXPECT_THAT(error_of([&] { train::read_checkpoint_origin(path); }), HasSubstr("no checkpoint of falx train"));
}

TEST(Checkpoint, OfAnotherOptimizerIsRefused) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "last.safetensors";
  Training sgd(1, OptimizerKind::sgd), adam(1);
  train::write_checkpoint(path, identity, sgd.network, sgd.optimizer, state());
  EXPECT_THAT(error_of([&] { train::read_checkpoint(path, identity, adam.network, adam.optimizer); }),
              HasSubstr("optimizer.second"));
}

TEST(Checkpoint, DamagedOrAbsentOrSomethingElseIsRefusedInOneLine) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "last.safetensors";
  Training training(1);
  train::write_checkpoint(path, identity, training.network, training.optimizer, state());
  const std::string bytes = io::read_file(path);
  const auto refused = [&](const std::string& contents) {
    io::write_file_atomically(path, contents);
    const std::string message =
        error_of([&] { train::read_checkpoint(path, identity, training.network, training.optimizer); });
    EXPECT_THAT(message, HasSubstr(path.string()));
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
  };
  refused("");
  refused("not safetensors at all, but long enough to be read");
  refused(bytes.substr(0, bytes.size() - 1));
  refused(bytes.substr(0, 100));
  io::write_safetensors(path, {});
  EXPECT_THAT(error_of([&] { train::read_checkpoint(path, identity, training.network, training.optimizer); }),
              HasSubstr("no checkpoint of falx train"));
  EXPECT_THAT(
      error_of([&] { train::read_checkpoint(directory / "absent", identity, training.network, training.optimizer); }),
      HasSubstr("absent"));
}

}  // namespace
