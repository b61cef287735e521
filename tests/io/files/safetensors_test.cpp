#include "io/files/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "io/files/atomic_file.h"
#include "io/files/sha256.h"
#include "nn/core/error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

using io::StoredTensor;
using testing::HasSubstr;

template <class T>
StoredTensor tensor(const std::string& name, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return io::stored_tensor<T>(name, std::move(shape), std::span<const T>(values));
}

io::Safetensors example() {
  io::Safetensors contents;
  contents.tensors = {tensor<std::uint8_t>("mask", {3}, {1, 0, 1}),
                      tensor<float>("features.conv0.weight", {2, 1, 1, 2}, {1.5F, -2, 0, 3e-8F}),
                      tensor<double>("loss", {}, {0.1}),
                      tensor<std::int16_t>("pixels", {1, 3}, {-1024, 0, 3071}),
                      tensor<nn::bfloat16>("half", {1}, {nn::bfloat16(0.5F)}),
                      tensor<std::int32_t>("step", {1}, {-7}),
                      tensor<std::int64_t>("count", {1}, {std::int64_t{1} << 40}),
                      tensor<float>("empty", {0, 4}, {})};
  contents.metadata = {{"falx", "{\"format_version\": 1}"}, {"note", "häm \"x\"\n"}};
  return contents;
}

/// A file with this header text (its length before it) and `data_size` zero bytes.
std::string file_with(const std::string& header, std::size_t data_size) {
  std::string bytes;
  for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8U * i));
  return bytes + header + std::string(data_size, '\0');
}

std::string error_of(const std::string& bytes) {
  const test::TemporaryDirectory directory;
  io::write_file_atomically(directory / "hostile", bytes);
  try {
    io::read_safetensors(directory / "hostile");
  } catch (const nn::Error& error) {
    const std::string what = error.what();
    EXPECT_THAT(what, HasSubstr("hostile")) << "the file is named";
    EXPECT_EQ(what.find('\n'), std::string::npos) << "one line";
    EXPECT_LT(what.size(), 500U);
    return what;
  }
  return "";
}

TEST(Safetensors, WhatIsWrittenReadsBack) {
  const test::TemporaryDirectory directory;
  const io::Safetensors written = example();
  io::write_safetensors(directory / "a", written);
  const io::Safetensors read = io::read_safetensors(directory / "a");
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (const StoredTensor& expected : written.tensors) {
    const StoredTensor& found = read.at(expected.name);
    EXPECT_EQ(found.type, expected.type) << expected.name;
    EXPECT_EQ(found.shape, expected.shape) << expected.name;
    EXPECT_EQ(found.bytes, expected.bytes) << expected.name;
  }
  EXPECT_EQ(read.at("features.conv0.weight").values<float>(), (std::vector<float>{1.5F, -2, 0, 3e-8F}));
  EXPECT_THROW(read.at("features.conv0.weight").values<double>(), nn::Error);
  EXPECT_EQ(read.find("nothing"), nullptr);
  EXPECT_THROW(read.at("nothing"), nn::Error);
}

TEST(Safetensors, HeaderAloneHasEverythingButTheBytes) {
  const test::TemporaryDirectory directory;
  io::write_safetensors(directory / "a", example());
  const io::Safetensors header = io::read_safetensors_header(directory / "a");
  EXPECT_EQ(header.metadata, example().metadata);
  EXPECT_EQ(header.at("pixels").shape, (std::vector<std::int64_t>{1, 3}));
  EXPECT_TRUE(header.at("pixels").bytes.empty());
}

TEST(Safetensors, SameContentsGiveTheSameAlignedFile) {
  const test::TemporaryDirectory directory;
  io::Safetensors contents = example();
  io::write_safetensors(directory / "a", contents);
  std::reverse(contents.tensors.begin(), contents.tensors.end());
  io::write_safetensors(directory / "b", contents);
  const std::string bytes = io::read_file(directory / "a");
  EXPECT_EQ(bytes, io::read_file(directory / "b"));
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0) << "the header is padded to 8 bytes";
  EXPECT_EQ(bytes[8], '{');
}

TEST(Safetensors, WritesTheLayoutOfTheFormat) {
  const test::TemporaryDirectory directory;
  io::Safetensors contents;
  contents.tensors = {tensor<float>("b", {1, 2}, {1, 2}), tensor<float>("a", {1}, {3}), tensor<double>("z", {1}, {4})};
  contents.metadata = {{"k", "v"}};
  io::write_safetensors(directory / "a", contents);
  std::string header =
      "{\"__metadata__\":{\"k\":\"v\"},\"z\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[12,20]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string data(
      "\0\0\0\0\0\0\x10\x40"
      "\0\0\x40\x40"
      "\0\0\x80\x3f\0\0\0\x40",
      20);
  EXPECT_EQ(io::read_file(directory / "a"), file_with(header, 0) + data);
}

TEST(Safetensors, WeightHashCoversTheTensorsOnly) {
  const test::TemporaryDirectory directory;
  io::Safetensors contents = example();
  const std::string hash = io::weight_hash(contents);
  contents.metadata["falx"] = "another";
  std::reverse(contents.tensors.begin(), contents.tensors.end());
  EXPECT_EQ(io::weight_hash(contents), hash);

  io::write_safetensors(directory / "a", contents);
  const std::string bytes = io::read_file(directory / "a");
  const std::size_t header_size = static_cast<unsigned char>(bytes[0]) + 256U * static_cast<unsigned char>(bytes[1]);
  EXPECT_EQ(io::sha256_hex(std::string_view(bytes).substr(8 + header_size)), hash) << "the data part of the file";

  contents.tensors[3].bytes[0] ^= std::byte{1};
  EXPECT_NE(io::weight_hash(contents), hash);
}

TEST(Safetensors, RefusesToWriteWhatItCouldNotRead) {
  const test::TemporaryDirectory directory;
  const auto error = [&](const StoredTensor& bad) {
    try {
      io::write_safetensors(directory / "a", {.tensors = {tensor<float>("x", {1}, {1}), bad}, .metadata = {}});
    } catch (const nn::Error& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_THAT(error(tensor<float>("x", {1}, {1})), HasSubstr("two tensors are named x"));
  EXPECT_THAT(error(tensor<float>("y", {2}, {1})), HasSubstr("holds 4 bytes, its shape needs 8"));
  EXPECT_THAT(error(tensor<float>("y", {-1}, {1})), HasSubstr("negative"));
  EXPECT_THAT(error(tensor<float>("__metadata__", {1}, {1})), HasSubstr("__metadata__"));
  EXPECT_THAT(error(tensor<float>("\xff", {1}, {1})), HasSubstr("UTF-8"));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Safetensors, RefusesHostileFiles) {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(error_of(file_with("{" + x + "}", 8)), "") << "the well-formed file is read";

  // Lengths.
  EXPECT_THAT(error_of(""), HasSubstr("0 bytes"));
  EXPECT_THAT(error_of("abc"), HasSubstr("3 bytes"));
  EXPECT_THAT(error_of(std::string(8, '\0')), HasSubstr("no header of names begins it (8 bytes)"));
  EXPECT_THAT(error_of(std::string(8, '\xff')), HasSubstr("no header of names begins it (8 bytes)"));
  EXPECT_THAT(error_of(file_with("{" + x + "}", 8).substr(0, 30)), HasSubstr("truncated"));
  EXPECT_THAT(error_of(file_with("{" + x + "}", 7)), HasSubstr("truncated"));
  EXPECT_THAT(error_of(file_with("{" + x + "}", 9)), HasSubstr("need 8 bytes of data, the file has 9"));

  // JSON.
  EXPECT_THAT(error_of(file_with("{" + x, 8)), HasSubstr("no valid JSON"));
  EXPECT_THAT(error_of(file_with("{" + x + "} x", 8)), HasSubstr("no valid JSON"));
  EXPECT_THAT(error_of(file_with("{\"\xff\":1}", 8)), HasSubstr("no valid JSON"));
  EXPECT_THAT(error_of(file_with("[1]", 0)), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(file_with(std::string(1'000'000, '['), 0)), HasSubstr("nested deeper"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(error_of(file_with(deep, 0)), HasSubstr("nested deeper"));
  EXPECT_THAT(error_of(file_with("{" + x + "," + x + "}", 8)), HasSubstr("names x twice"));
  EXPECT_THAT(error_of(file_with(R"({"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8)),
              HasSubstr("names dtype twice"));
  EXPECT_THAT(error_of(file_with("{\"" + std::string(100'000, 'n') + "\":1}", 0)), HasSubstr("nnn..."));

  std::string wide = "{\"a\":[0";
  for (int i = 0; i < 5'000'000; ++i) wide += ",0";
  EXPECT_THAT(error_of(file_with(wide + "]}", 0)), HasSubstr("more than 4000000 values"));

  // Metadata.
  EXPECT_THAT(error_of(file_with("{\"__metadata__\":{\"a\":1}," + x + "}", 8)), HasSubstr("__metadata__"));
  EXPECT_THAT(error_of(file_with("{\"__metadata__\":7," + x + "}", 8)), HasSubstr("__metadata__"));

  // Tensors.
  const auto with = [](const std::string& type, const std::string& shape, const std::string& offsets) {
    return file_with("{\"x\":{\"dtype\":" + type + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}", 8);
  };
  EXPECT_EQ(error_of(with("\"F32\"", "[2]", "[0,8]")), "");
  EXPECT_EQ(error_of(with("\"F64\"", "[]", "[0,8]")), "");
  EXPECT_EQ(error_of(with("\"F16\"", "[4]", "[0,8]")), "");
  EXPECT_THAT(error_of(with("\"F8_E4M3\"", "[2]", "[0,8]")), HasSubstr("type is F8_E4M3, expected one of F64"));
  EXPECT_THAT(error_of(with("7", "[2]", "[0,8]")), HasSubstr("malformed"));
  EXPECT_THAT(error_of(with("\"F32\"", "2", "[0,8]")), HasSubstr("malformed"));
  EXPECT_THAT(error_of(with("\"F32\"", "[-2]", "[0,8]")), HasSubstr("whole number"));
  EXPECT_THAT(error_of(with("\"F32\"", "[2.0]", "[0,8]")), HasSubstr("whole number"));
  EXPECT_THAT(error_of(with("\"F32\"", "[1e30]", "[0,8]")), HasSubstr("whole number"));
  EXPECT_THAT(error_of(with("\"F32\"", "[3]", "[0,8]")), HasSubstr("needs 12 bytes"));
  EXPECT_THAT(error_of(with("\"F32\"", "[18446744073709551615]", "[0,8]")), HasSubstr("whole number"));
  EXPECT_THAT(error_of(with("\"F32\"", "[4294967296,4294967296]", "[0,8]")), HasSubstr("too many elements"));
  EXPECT_THAT(error_of(with("\"F32\"", "[2]", "[8,0]")), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(error_of(with("\"F32\"", "[2]", "[0]")), HasSubstr("not two numbers"));
  EXPECT_THAT(error_of(with("\"F32\"", "[2]", "[-8,0]")), HasSubstr("whole number"));
  EXPECT_THAT(error_of(with("\"F32\"", "[2]", "[8,16]")), HasSubstr("leaves a hole"));
  EXPECT_THAT(error_of(with("\"F32\"", "[2000000000]", "[0,8000000000]")), HasSubstr("truncated"));
  EXPECT_THAT(error_of(file_with("{\"x\":{\"dtype\":\"F32\"}}", 8)), HasSubstr("expected dtype"));
  const std::string y = R"("y":{"dtype":"U8","shape":[6],"data_offsets":[)";
  EXPECT_EQ(error_of(file_with("{" + x + "," + y + "8,14]}}", 14)), "");
  EXPECT_THAT(error_of(file_with("{" + x + "," + y + "4,10]}}", 10)), HasSubstr("y overlaps another"));
  EXPECT_THAT(error_of(file_with("{" + x + "," + y + "10,16]}}", 16)), HasSubstr("y leaves a hole"));
}

TEST(Safetensors, NoDamagedFileCrashesTheReader) {
  const test::TemporaryDirectory directory;
  io::write_safetensors(directory / "a", example());
  const std::string good = io::read_file(directory / "a");
  std::mt19937 random(3);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good.substr(0, i % 4 == 0 ? random() % good.size() : good.size());
    for (auto changes = 1 + random() % 3; changes-- > 0 && !bytes.empty();) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    io::write_file_atomically(directory / "b", bytes);
    try {
      io::read_safetensors(directory / "b");
    } catch (const nn::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Safetensors, NamesAFileThatIsNotThere) {
  try {
    io::read_safetensors("/no/such.safetensors");
    FAIL();
  } catch (const nn::Error& error) {
    EXPECT_STREQ(error.what(), "/no/such.safetensors: cannot read it: No such file or directory");
  }
}

TEST(Safetensors, ReadsTorchvisionsDenseNet) {
  const auto folder = test::shared_data("weights/densenet121");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no DenseNet121 weights at " << folder;
  std::filesystem::path path;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") path = entry.path();
  }
  const io::Safetensors weights = io::read_safetensors(path);
  EXPECT_EQ(weights.at("features.conv0.weight").shape, (std::vector<std::int64_t>{64, 3, 7, 7}));
  EXPECT_EQ(weights.at("classifier.bias").values<float>().size(), 1000U);
}

}  // namespace
