// The program itself: falx convert and falx classify.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/files/hdf5.h"
#include "io/files/safetensors.h"
#include "io/pictures/png_writer.h"
#include "models/registry.h"
#include "tests/apps/run_falx.h"
#include "tests/support/shared_data.h"
#include "train/weights.h"

namespace {

using nlohmann::json;
using test::ProgramResult;
using test::run_falx;
using testing::HasSubstr;
using namespace std::string_literals;

/// A DenseNet121 with random weights, its ImageNet head and one of PyTorch's counters, as a file.
class RandomDenseNet {
 public:
  RandomDenseNet() : file_((directory_ / "random.safetensors").string()) {
    const auto network = models::make_model("densenet121", {.head = models::Head::imagenet, .seed = 4});
    io::Safetensors contents{.tensors = train::export_weights(*network), .metadata = {{"format", "pt"}}};
    const std::vector<std::int64_t> steps = {7};
    contents.tensors.push_back(io::stored_tensor<std::int64_t>("features.norm0.num_batches_tracked", {}, steps));
    io::write_safetensors(file_, contents);
  }
  const std::string& file() const { return file_; }
  std::string in(const char* name) const { return (directory_ / name).string(); }

 private:
  test::TemporaryDirectory directory_;
  std::string file_;
};

void expect_one_line(const ProgramResult& result) {
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
}

TEST(FalxConvert, WritesTorchvisionsNamesWithScalingAndEpsilon) {
  const RandomDenseNet source;
  const std::string out = source.in("out.safetensors");
  const ProgramResult result = run_falx("convert --json --from " + source.file() + " --model densenet121 --out " + out);
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.error, HasSubstr("not in the manifest"));
  const json told = json::parse(result.out);
  EXPECT_EQ(told["model"], "densenet121");
  EXPECT_EQ(told["scaling"], "torch");
  EXPECT_EQ(told["left_out"], json{"features.norm0.num_batches_tracked"});

  const io::Safetensors converted = io::read_safetensors(out), original = io::read_safetensors(source.file());
  EXPECT_EQ(converted.metadata.at("falx_architecture"), "densenet121");
  EXPECT_EQ(converted.metadata.at("falx_batch_norm_epsilon"), "1e-05");
  EXPECT_EQ(converted.metadata.at("falx_source_sha256"), told["source_sha256"]);
  ASSERT_EQ(converted.tensors.size(), 606U);
  for (const io::StoredTensor& tensor : converted.tensors) {
    EXPECT_EQ(tensor.bytes, original.at(tensor.name).bytes) << tensor.name;
  }

  const ProgramResult again = run_falx("convert --from " + source.file() + " --model densenet121 --out " + out);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.error, HasSubstr("--overwrite"));
  EXPECT_EQ(run_falx("convert --overwrite --from " + source.file() + " --model densenet121 --out " + out).exit_code, 0);
}

TEST(FalxConvert, NamesThatAreNoUtf8AreReplacedInJson) {
  const RandomDenseNet source;
  const std::string out = source.in("caf\xe9.safetensors"), picture = source.in("zebra\xe9.png");
  const std::string from = source.in("from\xe9.safetensors");
  std::filesystem::rename(source.file(), from);
  const ProgramResult converted = run_falx("convert --json --from " + from + " --model densenet121 --out " + out);
  ASSERT_EQ(converted.exit_code, 0) << converted.error;
  EXPECT_EQ(io::read_safetensors_header(out).metadata.at("falx_source_file"), "from\xef\xbf\xbd.safetensors");
  EXPECT_EQ(json::parse(converted.out)["out"], source.in("caf\xef\xbf\xbd.safetensors"));

  const io::Picture grey{.width = 40, .height = 30, .channels = 3, .pixels = std::vector<std::uint8_t>(3600, 120)};
  io::write_file_atomically(picture, io::encode_png(grey));
  const ProgramResult named = run_falx("classify --json --model densenet121 --weights " + out + " " + picture);
  ASSERT_EQ(named.exit_code, 0) << named.error;
  EXPECT_EQ(json::parse(named.out)["file"], source.in("zebra\xef\xbf\xbd.png"));
}

TEST(FalxConvert, SaysInOneLineWhatIsWrongAndWritesNothing) {
  const RandomDenseNet source;
  const std::string out = source.in("out.safetensors");
  const auto refusal = [&](const std::string& from, const char* model = "densenet121") {
    const ProgramResult result = run_falx("convert --from " + from + " --model " + model + " --out " + out);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, "");
    expect_one_line(result);
    EXPECT_FALSE(std::filesystem::exists(out));
    return result.error;
  };
  const auto bytes = [&](const char* name, const std::string& contents) {
    io::write_file_atomically(source.in(name), contents);
    return refusal(source.in(name));
  };
  EXPECT_THAT(refusal(source.file(), "densenet169"), HasSubstr("holds the weights of densenet121"));
  EXPECT_THAT(refusal("/no/such.h5"), HasSubstr("No such file"));
  EXPECT_THAT(bytes("a.pth", "\x80\x02\x8a\nl\xfc"), HasSubstr("Python pickle"));
  EXPECT_THAT(bytes("pointer.h5", "version https://git-lfs.github.com/spec/v1\n"), HasSubstr("Git LFS"));
  EXPECT_THAT(bytes("page.h5", "<!DOCTYPE html>\n<html>"), HasSubstr("web page"));
  EXPECT_THAT(bytes("cut.safetensors", io::read_file(source.file()).substr(0, 1'000'000)), HasSubstr("truncated"));
  EXPECT_THAT(bytes("cut.h5", "\x89HDF\r\n\x1a\n"),
              HasSubstr(io::hdf5_is_built_in() ? "damaged or truncated" : "this falx was built without HDF5"));
  EXPECT_EQ(run_falx("convert --model densenet121").exit_code, 2);
}

TEST(FalxClassify, PrintsTheFiveMostProbableClasses) {
  const RandomDenseNet source;
  const io::Picture picture{.width = 40, .height = 30, .channels = 3, .pixels = std::vector<std::uint8_t>(3600, 120)};
  io::write_file_atomically(source.in("a.png"), io::encode_png(picture));
  io::write_file_atomically(source.in("b.png"), "no picture");
  const std::string options = " --model densenet121 --weights " + source.file() + " ";
  const ProgramResult result = run_falx("classify --json" + options + source.in("a.png") + " " + source.in("b.png"));
  EXPECT_EQ(result.exit_code, 3) << result.error;
  EXPECT_THAT(result.error, HasSubstr("b.png"));
  ASSERT_EQ(result.lines().size(), 1U);
  const json line = json::parse(result.out);
  EXPECT_EQ(line["file"], source.in("a.png"));
  ASSERT_EQ(line["top"].size(), 5U);
  double before = 1;
  for (const json& guess : line["top"]) {
    EXPECT_LE(guess["probability"].get<double>(), before);
    before = guess["probability"].get<double>();
    EXPECT_FALSE(guess["name"].get<std::string>().empty());
    EXPECT_LT(guess["index"].get<int>(), 1000);
  }
  const ProgramResult none = run_falx("classify --quiet" + options + source.in("b.png"));
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_EQ(run_falx("classify --model densenet121").exit_code, 2);
}

TEST(FalxClassify, ANetworkWithoutImageNetWeightsIsWrongUsage) {
  for (const std::string command : {"convert --from a.h5 --out b.safetensors", "classify --weights a.h5 a.png"}) {
    for (const std::string model : {"cnn", "resnet"}) {
      const ProgramResult result = run_falx(command + " --model " + model);
      EXPECT_EQ(result.exit_code, 2) << result.error;
      EXPECT_THAT(result.error,
                  HasSubstr("there are no ImageNet weights for '" + model + "'; there are for densenet121"));
      EXPECT_THAT(result.error, testing::Not(HasSubstr("cnn-2019")));
      expect_one_line(result);
    }
  }
}

TEST(FalxClassify, NamesTheZebraSlow) {
  const auto weights = test::shared_data("weights/densenet121/densenet121_torchvision_names.safetensors");
  const auto zebra = test::shared_data("images/debian-photos/tuxpaint_zebra.png");
  if (!std::filesystem::exists(weights)) GTEST_SKIP() << weights << " is absent";
  if (!std::filesystem::exists(zebra)) GTEST_SKIP() << zebra << " is absent";
  const ProgramResult result =
      run_falx("classify --json --model densenet121 --weights " + weights.string() + " " + zebra.string());
  EXPECT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.error, HasSubstr("known as Keras Applications DenseNet121"));
  EXPECT_EQ(json::parse(result.out)["top"][0]["name"], "zebra");
}

}  // namespace
