#include "train/conv_choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/registry.h"
#include "nn/cpu/choice/conv_choice.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_directory.h"
#include "train/tune_convolutions.h"

namespace {

using nn::cpu::ConvAlgorithm;
using nn::cpu::ConvKey;
using nn::cpu::ConvPass;
using test::error_of;
using testing::HasSubstr;

train::ConvChoices some_choices() {
  const auto table = std::make_shared<nn::cpu::ConvTable>();
  table->add({.key = conv_key(ConvPass::forward, {8, 30, 28, 64}, {32, 3, 3, 64}, {.padding = {1, 0, 2, 1}}),
              .algorithm = ConvAlgorithm::f4x4_3x3,
              .times = {{ConvAlgorithm::direct, 2.5}, {ConvAlgorithm::f4x4_3x3, 1.25}}});
  table->add({.key = conv_key(ConvPass::backward_weights, {8, 9, 9, 5}, {7, 2, 4, 5}, {.stride_h = 2, .stride_w = 3}),
              .algorithm = ConvAlgorithm::direct});
  return {.simd = "avx2", .threads = 3, .images = 8, .table = table};
}

train::ConvChoices parsed(const std::string& json) { return train::conv_choices_from_json(json, "my.json"); }

TEST(ConvChoices, GoThroughAFileUnchanged) {
  const test::TemporaryDirectory directory;
  train::write_conv_choices(directory / "conv_choices.json", some_choices());
  const train::ConvChoices read = train::read_conv_choices(directory / "conv_choices.json");
  EXPECT_EQ(train::to_json(read), train::to_json(some_choices()));
  EXPECT_EQ(read.simd, "avx2");
  EXPECT_EQ(read.threads, 3);
  EXPECT_EQ(read.images, 8);
  ASSERT_EQ(read.table->decisions().size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const nn::cpu::ConvDecision &a = read.table->decisions()[i], b = some_choices().table->decisions()[i];
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.algorithm, b.algorithm);
    EXPECT_EQ(a.times.size(), b.times.size());
  }
  EXPECT_EQ(read.table->decisions()[0].times[1].milliseconds, 1.25);
}

TEST(ConvChoices, AFileHasALineForEachPass) {
  const std::string text = train::to_json(some_choices());
  EXPECT_THAT(text, HasSubstr("\n"
                              R"({"pass":"forward","x":[30,28,64],"w":[32,3,3,64],"stride":[1,1],)"
                              R"("padding":[1,0,2,1],"algorithm":"winograd",)"
                              R"("milliseconds":{"direct":2.5,"winograd":1.25}},)"
                              "\n"));
  EXPECT_EQ(parsed(train::to_json(train::ConvChoices{})).table->decisions().size(), 0U) << "none at all is a file, too";
}

TEST(ConvChoices, NothingButTheConvolutionsIsNeeded) {
  const auto choices = parsed(R"({"format_version": 1, "convolutions": [{"pass": "backward_data", "x": [8, 8, 16],
    "w": [16, 3, 3, 16], "stride": [1, 1], "padding": [1, 1, 1, 1], "algorithm": "winograd-2x2"}]})");
  ASSERT_EQ(choices.table->decisions().size(), 1U);
  EXPECT_EQ(choices.table->decisions()[0].algorithm, ConvAlgorithm::f2x2_3x3);
}

/// The line of some_choices() with a piece of its text replaced.
std::string changed(const std::string& what, const std::string& by) {
  std::string text = train::to_json(some_choices());
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

/// A text of 100 000 pieces.
std::string many(const std::string& piece) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += piece;
  return text;
}

TEST(ConvChoices, DamagedFilesAreRefusedInOneShortLine) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const std::pair<std::string, std::string> cases[] = {
      {"", "my.json: holds no choices of convolutions: "},
      {"[1]", "my.json: holds no choices of convolutions: "},
      {"{}", "key 'format_version' not found"},
      {train::to_json(some_choices()).substr(0, 200), "my.json: holds no choices of convolutions: "},
      {R"({"format_version": 1, "convolutions": 3})", "my.json: \"convolutions\" is no list"},
      {changed("\"format_version\":1", "\"format_version\":2"), "my.json: was written by a newer falx (format 2"},
      {changed("\"simd\":\"avx2\"", "\"simd\":7"), "type must be string"},
      {changed("\"forward\"", "\"sideways\""), "my.json: convolution 1: \"pass\" is one of forward, backward_data"},
      {changed("\"algorithm\":\"winograd\"", "\"algorithm\":\"fft\""),
       "my.json: convolution 1: 3x3 64->32 @30x28, forward: can be computed by direct, winograd-2x2, winograd, not by "
       "'fft'"},
      {changed("\"algorithm\":\"direct\"", "\"algorithm\":\"winograd\""),
       "convolution 2: 2x4 5->7 @9x9, backward_weights: can be computed by direct, not by 'winograd'"},
      {changed("\"algorithm\":\"direct\"", "\"algo\":\"direct\""), "convolution 2: "},
      {changed("[30,28,64]", "[30,28]"), "convolution 1: \"x\": expected an array of 3, got array of 2"},
      {changed("[30,28,64]", "[30,28,0]"), "\"x\": expected a whole number from 1 to 1048576, got 0"},
      {changed("[30,28,64]", "[30,28,1e99]"), "\"x\": expected a whole number from 1 to 1048576, got 1e+99"},
      {changed("[30,28,64]", "[30,28,18446744073709551615]"), "to 1048576, got 18446744073709551615"},
      {changed("[30,28,64]", "[30,28,-1]"), "to 1048576, got -1"},
      {changed("[30,28,64]", "[30,28,[64]]"), "to 1048576, got array of 1"},
      {changed("[30,28,64]", "[30,28,\"64\"]"), "to 1048576, got string"},
      {changed("[30,28,64]", deep), "my.json: its JSON is nested deeper than 8 levels"},
      {changed("\"simd\"", "\"more\":" + deep + ",\"simd\""), "my.json: its JSON is nested deeper than 8 levels"},
      {changed("[30,28,64]", std::string("[1") + many(",1") + "]"), "an array of 3, got array of 100001"},
      {changed("\"format_version\":1", "\"format_version\":4294967297"), "by a newer falx (format 4294967297"},
      {changed("\"format_version\":1", "\"format_version\":0"), "\"format_version\": expected a whole number from 1"},
      {changed("\"format_version\":1", "\"format_version\":-1"), "\"format_version\": expected a whole number from 1"},
      {changed("\"format_version\":1", "\"format_version\":1.0"), "\"format_version\": expected a whole number from 1"},
      {changed("\"threads\":3", "\"threads\":1e300"), "\"threads\": expected a whole number from 1 to 1048576"},
      {changed("\"threads\":3", "\"threads\":-3"), "\"threads\": expected a whole number from 1 to 1048576"},
      {changed("\"images\":8", "\"images\":9007199254740993"), "\"images\": expected a whole number from 1 to 1048576"},
      {changed("\"forward\"", "\"for\\nward\""), "not 'for?ward'"},
      {changed("\"forward\"", std::string("\"") + many("ab") + "\""), "not 'abab"},
      {changed("\"algorithm\":\"winograd\"", "\"algorithm\":\"a\\nb\""), "not by 'a?b'"},
      {changed("\"forward\"", std::string("\"") + many("ab")), "my.json: holds no choices of convolutions: "},
      {changed("[30,28,64]", "[30,28,63]"), "convolution 1: "},
      {changed("\"direct\":2.5", "\"direct\":\"long\""), "convolution 1: "},
      {changed("[9,9,5],\"w\":[7,2,4,5]", "[9,9,5],\"w\":[7,20,4,5]"), "convolution 2: "},
  };
  for (const auto& [json, message] : cases) {
    const std::string error = error_of([&] { parsed(json); });
    SCOPED_TRACE(json.substr(0, 500));
    EXPECT_THAT(error, HasSubstr(message));
    EXPECT_THAT(error, testing::StartsWith("my.json: "));
    EXPECT_THAT(error, testing::Not(HasSubstr("\n")));
    EXPECT_LT(error.size(), 400U);
  }
  const std::string line = R"({"pass":"forward","x":[8,8,1],"w":[1,3,3,1],"stride":[1,1],"padding":[0,0,0,0],)"
                           R"("algorithm":"direct"})";
  EXPECT_THAT(error_of([&] { parsed(R"({"format_version": 1, "convolutions": [)" + line + "," + line + "]}"); }),
              HasSubstr("convolution 2: 3x3 1->1 @8x8, forward: was decided before"));
}

/// Times that say: this algorithm is the fastest; and what was asked for.
struct FakeMeasurement {
  ConvAlgorithm fastest;
  std::vector<ConvKey> keys{};
  std::int64_t images = 0;

  nn::cpu::MakeTimeConv make_time() {
    return [this](const ConvKey& key, std::int64_t count) {
      keys.push_back(key);
      images = count;
      return [this](ConvAlgorithm algorithm) { return algorithm == fastest ? 1.0 : 2.0; };
    };
  }
};

train::TunedConvolutions tuned(FakeMeasurement& measurement, const char* model, bool training, std::int64_t batch = 4) {
  const auto network = models::make_model(model, {.size = 64});
  return train::tune_convolutions(
             *network, {.input = {batch, 64, 64, 3}, .training = training, .make_time = measurement.make_time()})
      .value();
}

TEST(TuneConvolutions, TakesWhatIsFastestForEveryPassOfANetwork) {
  for (const ConvAlgorithm fastest : {ConvAlgorithm::direct, ConvAlgorithm::f2x2_3x3, ConvAlgorithm::f4x4_3x3}) {
    FakeMeasurement measurement{fastest};
    const train::ConvChoices choices = tuned(measurement, "cnn", true).choices;
    EXPECT_EQ(choices.images, 4);
    EXPECT_EQ(measurement.images, 4);
    EXPECT_EQ(choices.table->decisions().size(), measurement.keys.size());
    for (const auto& decision : choices.table->decisions()) EXPECT_EQ(decision.algorithm, fastest);
  }
}

TEST(TuneConvolutions, TimesEveryShapeOnceAndNoGradientOfTheInput) {
  FakeMeasurement measurement{ConvAlgorithm::direct};
  tuned(measurement, "vgg16", true);
  EXPECT_EQ(measurement.keys.size(), 9U * 3 - 1) << "13 convolutions of 9 shapes";
  const auto asked = [&](ConvPass pass) {
    return std::count(measurement.keys.begin(), measurement.keys.end(),
                      conv_key(pass, {1, 64, 64, 3}, {64, 3, 3, 3}, {.padding = nn::pad(1)}));
  };
  EXPECT_EQ(asked(ConvPass::forward), 1);
  EXPECT_EQ(asked(ConvPass::backward_data), 0);
  EXPECT_EQ(asked(ConvPass::backward_weights), 1);
}

TEST(TuneConvolutions, TimesForwardPassesAloneForPrediction) {
  FakeMeasurement measurement{ConvAlgorithm::direct};
  tuned(measurement, "densenet121", false, 100);
  EXPECT_EQ(measurement.keys.size(), 4U) << "of each dense block, all of whose 3x3 convolutions are alike";
  EXPECT_EQ(measurement.images, train::most_timed_images);
  for (const ConvKey& key : measurement.keys) EXPECT_EQ(key.pass, ConvPass::forward);
}

TEST(TuneConvolutions, SaysWhatChangedAndWhatABatchSaves) {
  FakeMeasurement measurement{ConvAlgorithm::direct};
  const train::TunedConvolutions result = tuned(measurement, "densenet121", false, 64);
  EXPECT_EQ(result.passes, 4);
  EXPECT_EQ(result.changed, 3) << "maps of 2 x 2 are direct's by the rule, too";
  const double batches = 64.0 / train::most_timed_images;
  EXPECT_EQ(result.milliseconds, batches * ((6 + 12 + 24) * 2 + 16)) << "layers of each block";
  EXPECT_EQ(result.milliseconds_saved, batches * (6 + 12 + 24));
  EXPECT_EQ(describe(result), "3 of 4 passes run by another algorithm than auto's, which saves 84 of 200 ms a batch");
}

TEST(TuneConvolutions, SaysThatNothingChanged) {
  train::TunedConvolutions tuned;
  tuned.passes = 9;
  EXPECT_EQ(describe(tuned), "all 9 passes run by auto's algorithms");
}

TEST(TuneConvolutions, TellsHowFarItIs) {
  FakeMeasurement measurement{ConvAlgorithm::direct};
  std::vector<std::int64_t> steps;
  const auto network = models::make_model("densenet121", {.size = 64});
  train::tune_convolutions(*network, {.input = {1, 64, 64, 3},
                                      .training = false,
                                      .progress =
                                          [&](std::int64_t done, std::int64_t total) {
                                            EXPECT_EQ(total, 4);
                                            steps.push_back(done);
                                            return true;
                                          },
                                      .make_time = measurement.make_time()});
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST(TuneConvolutions, EndsAfterThePassInWhichItIsStopped) {
  FakeMeasurement measurement{ConvAlgorithm::direct};
  const auto network = models::make_model("densenet121", {.size = 64});
  const auto choices = train::tune_convolutions(*network, {.input = {1, 64, 64, 3},
                                                           .progress = [](auto done, auto) { return done < 2; },
                                                           .make_time = measurement.make_time()});
  EXPECT_FALSE(choices.has_value());
  EXPECT_EQ(measurement.keys.size(), 2U);
}

}  // namespace
