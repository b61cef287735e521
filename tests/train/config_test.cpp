#include "train/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/registry.h"
#include "tests/support/error_of.h"

namespace {

using test::error_of;
using testing::HasSubstr;
using train::TrainConfig;

TrainConfig usual() {
  TrainConfig config;
  config.images = "/data/images";
  config.labels = "/data/labels.csv";
  return config;
}

TEST(TrainConfig, GoesThroughJsonUnchanged) {
  TrainConfig config = usual();
  config.windows = {"40/80", "80/200"};
  config.seed = 18446744073709551615U;
  config.learning_rate = 0.1 + 0.2;
  config.augment = false;
  const TrainConfig read = train::train_config_from_json(train::to_json(config), "config.json");
  EXPECT_EQ(train::to_json(read), train::to_json(config));
  EXPECT_EQ(read.seed, config.seed);
  EXPECT_EQ(read.learning_rate, config.learning_rate);
}

TEST(TrainConfig, TextThatIsNoUtf8IsRefused) {
  TrainConfig config = usual();
  config.labels = "/data/\xe9tiquettes.csv";
  EXPECT_THAT(error_of([&] { train::resolve(config); }),
              testing::StartsWith("--labels \"/data/\xef\xbf\xbdtiquettes.csv\": is not UTF-8"));
  config.labels = "/data/\xc3\xa9tiquettes.csv";
  EXPECT_EQ(train::resolve(config).labels, config.labels);
}

TEST(TrainConfig, UnknownKeysAndWrongTypesAreNamed) {
  const auto read = [](const char* json) { return error_of([&] { train::train_config_from_json(json, "my.json"); }); };
  EXPECT_THAT(read(R"({"epoch": 3})"), HasSubstr("my.json: there is no option \"epoch\""));
  EXPECT_THAT(read(R"({"epochs": "three"})"), HasSubstr("my.json: \"epochs\": \"three\" has the wrong type"));
  EXPECT_THAT(read("[1]"), HasSubstr("my.json: expected an object"));
  EXPECT_THAT(read("{"), HasSubstr("my.json: is no JSON"));
}

TEST(TrainConfig, NumbersAreNotBentToFit) {
  const auto read = [](const char* json) { return error_of([&] { train::train_config_from_json(json, "my.json"); }); };
  EXPECT_THAT(read(R"({"epochs": 2.9})"), HasSubstr("\"epochs\": 2.9 has the wrong type: expected a whole number"));
  EXPECT_THAT(read(R"({"epochs": 4294967298})"), HasSubstr("\"epochs\": 4294967298 is out of range: expected a whole"));
  EXPECT_THAT(read(R"({"epochs": 18446744073709551615})"), HasSubstr("is out of range"));
  EXPECT_THAT(read(R"({"batch": true})"), HasSubstr("\"batch\": true has the wrong type: expected a whole number"));
  EXPECT_THAT(read(R"({"seed": -1})"),
              HasSubstr("\"seed\": -1 is out of range: expected a whole number from 0 to 1844"));
  EXPECT_THAT(read(R"({"seed": 18446744073709551616})"), HasSubstr("\"seed\": "));
  EXPECT_THAT(read(R"({"lr": true})"), HasSubstr("\"lr\": true has the wrong type: expected a number"));
  EXPECT_THAT(read(R"({"augment": 1})"), HasSubstr("\"augment\": 1 has the wrong type: expected true or false"));
  EXPECT_THAT(read(R"({"window": "40/80"})"), HasSubstr("expected a list of texts"));
  EXPECT_THAT(read(R"({"window": [40]})"), HasSubstr("\"window\": 40 has the wrong type: expected text"));
  EXPECT_EQ(train::train_config_from_json(R"({"lr": 1, "patience": 0})", "my.json").learning_rate, 1);
}

TEST(TrainConfig, AKeyThatStandsTwiceIsRefused) {
  EXPECT_THAT(error_of([] { train::train_config_from_json(R"({"epochs": 3, "epochs": 4})", "my.json"); }),
              HasSubstr("my.json: \"epochs\" stands twice"));
}

TEST(TrainConfig, ResolvingFillsInWhatIsUsual) {
  const TrainConfig config = train::resolve(usual());
  EXPECT_EQ(config.size, 256);
  EXPECT_EQ(config.learning_rate, 2e-3);
  EXPECT_EQ(config.weight_decay, 0.1);
  TrainConfig sgd = usual();
  sgd.optimizer = "sgd";
  EXPECT_EQ(train::resolve(sgd).learning_rate, 0.05);
}

TEST(TrainConfig, WhatIsUsualFollowsFromModelOptimizerAndWeights) {
  TrainConfig config = usual();
  config.model = "vgg16";
  const TrainConfig random = train::resolve(config);
  EXPECT_EQ(random.learning_rate, models::find_model("vgg16").learning_rate);
  EXPECT_EQ(random.dropout, models::find_model("vgg16").dropout);
  EXPECT_EQ(random.warmup, 0.1);
  EXPECT_EQ(random.backbone_learning_rate, 0) << "nothing learns apart";
  EXPECT_EQ(random.freeze_epochs, 0);
  config.weights = "vgg16.safetensors";
  const TrainConfig pretrained = train::resolve(config);
  EXPECT_EQ(pretrained.learning_rate, 1e-4);
  EXPECT_EQ(pretrained.backbone_learning_rate, 1e-4);
  EXPECT_EQ(pretrained.freeze_epochs, 0);
  EXPECT_EQ(pretrained.batch_norm, "train");
  EXPECT_EQ(pretrained.weights, (std::filesystem::current_path() / "vgg16.safetensors").string());
  EXPECT_EQ(train::to_json(train::resolve(pretrained)), train::to_json(pretrained))
      << "resolving again changes nothing";
  config.optimizer = "sgd";
  EXPECT_EQ(train::resolve(config).backbone_learning_rate, 25 * 1e-4);
  config.learning_rate = 0.5;
  EXPECT_EQ(train::resolve(config).backbone_learning_rate, 0.5) << "as --lr";
  config.backbone_learning_rate = 0.05;
  config.freeze_epochs = 2;
  EXPECT_EQ(train::resolve(config).learning_rate, 0.5);
  EXPECT_EQ(train::resolve(config).backbone_learning_rate, 0.05);
  EXPECT_EQ(train::resolve(config).freeze_epochs, 2);
}

TEST(TrainConfig, WhatNeedsWeightsIsRefusedWithoutThem) {
  const auto refused = [](const auto& change) {
    TrainConfig config = usual();
    change(config);
    return error_of([&] { train::resolve(config); });
  };
  EXPECT_THAT(refused([](TrainConfig& c) { c.backbone_learning_rate = 1e-4; }), HasSubstr("--backbone-lr needs"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.freeze_epochs = 2; }), HasSubstr("--freeze-epochs needs"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.batch_norm = "frozen"; }), HasSubstr("--batch-norm frozen needs"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.weights_sha256 = "ab"; }), HasSubstr("--weights-sha256 needs"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.weights = "file"; }), HasSubstr("no pretrained weights for cnn"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.model = "vgg16", c.weights = "file", c.weights_sha256 = "ab"; }),
              HasSubstr("--weights-sha256 ab: expected 64 digits"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.model = "vgg16", c.weights = "file", c.backbone_learning_rate = -1; }),
              HasSubstr("--backbone-lr -1"));
}

TEST(TrainConfig, ValuesThatCannotBeAreRefusedByName) {
  const auto refused = [](const auto& change) {
    TrainConfig config = usual();
    change(config);
    return error_of([&] { train::resolve(config); });
  };
  EXPECT_THAT(refused([](TrainConfig& c) { c.images = ""; }), HasSubstr("--images is required"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.epochs = 0; }), HasSubstr("--epochs 0: expected 1 to"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.batch = -3; }), HasSubstr("--batch -3"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.size = 7; }), HasSubstr("--size 7"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.size = 100000; }), HasSubstr("--size 100000"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.learning_rate = 1e9; }), HasSubstr("--lr"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.learning_rate = std::nan(""); }), HasSubstr("--lr"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.warmup = 1.5; }), HasSubstr("--warmup 1.5"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.dropout = 1; }), HasSubstr("--dropout 1"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.batch_norm = "off"; }), HasSubstr("--batch-norm off: expected one of"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.model = "resnet"; }), HasSubstr("no model 'resnet'"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.optimizer = "lion"; }), HasSubstr("lion"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.compute.device = "tpu"; }),
              HasSubstr("--device tpu: expected one of auto"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.compute = {.device = "cpu", .precision = "bf16"}; }),
              HasSubstr("--precision bf16 needs a GPU"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.compute.conv = "fft"; }),
              HasSubstr("--conv fft: expected one of auto, winograd"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.compute.precision = "f64"; }),
              HasSubstr("--precision f64: expected one of f32, tf32, bf16"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.windows = {"40-80"}; }), HasSubstr("--window 40-80"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.windows = {"40/0"}; }), HasSubstr("--window 40/0"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.windows.assign(17, "40/80"); }), HasSubstr("--window: at most 16"));
  EXPECT_THAT(refused([](TrainConfig& c) {
                c.input = "slices", c.windows = {"40/80", "80/200"};
              }),
              HasSubstr("--input slices takes one --window, not 2"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.validation = 1; }), HasSubstr("--validation 1"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.folds = 5, c.fold = 5; }), HasSubstr("--fold 5"));
  EXPECT_THAT(refused([](TrainConfig& c) { c.fold = 2; }), HasSubstr("--fold needs --folds"));
  EXPECT_EQ(refused([](TrainConfig&) {}), "");
}

TEST(TrainConfig, ResumingTakesMoreEpochsThreadsAndDeviceOnly) {
  const TrainConfig run = train::resolve(usual());
  TrainConfig given;
  given.epochs = 20;
  given.threads = 3;
  given.batch = 999;  // not typed: does not count
  const TrainConfig resumed = train::resumed(run, given, {"epochs", "threads"});
  EXPECT_EQ(resumed.epochs, 20);
  EXPECT_EQ(resumed.threads, 3);
  EXPECT_EQ(resumed.batch, run.batch);
  EXPECT_THAT(error_of([&] { train::resumed(run, given, {"batch"}); }),
              HasSubstr("--batch 999: the run was started with 32"));
  given.epochs = run.epochs - 1;
  EXPECT_THAT(error_of([&] { train::resumed(run, given, {"epochs"}); }), HasSubstr("--epochs 11"));
  given.batch = run.batch;
  EXPECT_EQ(error_of([&] { train::resumed(run, given, {"batch"}); }), "");
}

TEST(TrainConfig, ResumingRefusesOtherWeightsAndTakesAConfigOfAnEarlierVersion) {
  TrainConfig run = usual();
  run.model = "vgg16";
  run.weights = "/weights/a.safetensors";
  run = train::resolve(run);
  TrainConfig given;
  given.weights = "/weights/b.safetensors";
  EXPECT_THAT(error_of([&] { train::resumed(run, given, {"weights"}); }),
              HasSubstr("--weights \"/weights/b.safetensors\": the run was started with \"/weights/a.safetensors\""));
  given.weights = run.weights;
  EXPECT_EQ(error_of([&] { train::resumed(run, given, {"weights"}); }), "");
  given.freeze_epochs = 5;
  EXPECT_THAT(error_of([&] { train::resumed(run, given, {"freeze-epochs"}); }), HasSubstr("--freeze-epochs 5"));
  // An option that was not known then has its usual value.
  const TrainConfig old =
      train::train_config_from_json(R"({"images": "/i", "labels": "/l", "lr": 0.5})", "config.json");
  EXPECT_EQ(train::resumed(old, {}, {}).warmup, 0.1);
}

TEST(TrainConfig, TheTableHasEveryOptionAsText) {
  TrainConfig config = usual();
  config.windows = {"40/80"};
  const auto table = train::option_table(config);
  EXPECT_THAT(table, testing::Contains(testing::Pair("images", "/data/images")));
  EXPECT_THAT(table, testing::Contains(testing::Pair("epochs", "12")));
  EXPECT_THAT(table, testing::Contains(testing::Pair("window", "[\"40/80\"]")));
}

TEST(TrainConfig, TheCommandLineOverridesAFile) {
  TrainConfig file = usual(), typed;
  file.epochs = 3;
  file.batch = 8;
  typed.epochs = 5;
  const TrainConfig merged = train::merge(file, typed, {"epochs", "out"});
  EXPECT_EQ(merged.epochs, 5);
  EXPECT_EQ(merged.batch, 8);
  EXPECT_EQ(merged.images, file.images);
}

}  // namespace
