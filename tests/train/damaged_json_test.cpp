// Every reader of JSON in train/, with lists in lists that would exhaust the stack of whoever copies or prints them,
// and with a text that a parser would quote at full length.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "io/files/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "train/config.h"
#include "train/conv_choices.h"
#include "train/data/preprocessing.h"
#include "train/ensemble/ensemble_directory.h"
#include "train/model_file.h"
#include "train/pretrained/weight_origin.h"
#include "train/training_state.h"

namespace {

using test::error_of;

struct Reader {
  const char* name;
  std::function<void(const std::string&)> read;
};

void read_ensemble_json(const std::string& text) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "ensemble.json", text);
  train::read_ensemble(directory.path());
}

std::vector<Reader> readers() {
  return {{"config.json", [](const std::string& text) { train::train_config_from_json(text, "f"); }},
          {"conv_choices.json", [](const std::string& text) { train::conv_choices_from_json(text, "f"); }},
          {"ensemble.json", read_ensemble_json},
          {"a model's description", [](const std::string& text) { train::model_description_from_json(text, "f"); }},
          {"preprocessing", [](const std::string& text) { train::preprocessing_from_json(text); }},
          {"a checkpoint's state", [](const std::string& text) { train::training_state_from_json(text); }},
          {"a checkpoint's origin", [](const std::string& text) { train::weight_origin_from_json(text); }}};
}

TEST(DamagedJson, IsRefusedInOneShortLineByEveryReader) {
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"epochs\":";
  const std::string lists = std::string(100'000, '[') + std::string(100'000, ']');
  for (const Reader& reader : readers()) {
    SCOPED_TRACE(reader.name);
    const auto error_with = [&](const std::string& text) {
      const std::string error = error_of([&] { reader.read(text); });
      EXPECT_LT(error.size(), 500U);
      EXPECT_EQ(error.find('\n'), std::string::npos);
      return error;
    };
    for (const std::string& deep : {lists, objects, "{\"epochs\":" + lists + "}"}) {
      EXPECT_THAT(error_with(deep), testing::HasSubstr("its JSON is nested deeper than 8 levels"));
    }
    for (const std::string& wrong : {std::string(), std::string("{"), "{\"" + std::string(100'000, 'a') + "\": 1}",
                                     "{\"epochs\": \"" + std::string(100'000, 'a') + "\"}",
                                     "\"" + std::string(100'000, 'a'), std::string("{\"a\nb\": 1}")}) {
      EXPECT_NE(error_with(wrong), "") << wrong.substr(0, 20);
    }
  }
}

TEST(DamagedJson, FilesOfAnySizeAreRefusedByName) {
  const test::TemporaryDirectory directory;
  for (const char* name : {"config.json", "conv_choices.json", "ensemble.json"}) {
    io::write_file_atomically(directory / name, "{}");
    std::filesystem::resize_file(directory / name, std::uintmax_t{1} << 40U);  // a hole, which takes no room
  }
  const auto expect_too_large = [&](const char* name, const std::string& error) {
    EXPECT_THAT(error, testing::StartsWith("cannot read " + (directory / name).string() + ": it has more than"));
  };
  expect_too_large("config.json", error_of([&] { train::read_train_config(directory / "config.json"); }));
  expect_too_large("conv_choices.json", error_of([&] { train::read_conv_choices(directory / "conv_choices.json"); }));
  expect_too_large("ensemble.json", error_of([&] { train::read_ensemble(directory.path()); }));
}

}  // namespace
