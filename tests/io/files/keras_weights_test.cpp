#include "io/files/keras_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <random>

#include "io/files/atomic_file.h"
#include "tests/io/files/hdf5_file.h"
#include "tests/support/error_of.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace {

using test::Hdf5Array;
using test::Hdf5Writer;
using testing::HasSubstr;

const Hdf5Array pair = {.shape = {2}, .values = {1, 2}};

/// What reading a file says that `write` wrote, "" if it is read.
template <class Write>
std::string error_after(const Write& write) {
  const test::TemporaryDirectory directory;
  write(Hdf5Writer(directory / "a.h5"));
  return test::error_of([&] { io::read_keras_weights(directory / "a.h5"); });
}

TEST(KerasWeights, ReadsWeightsAloneAndWholeModels) {
  const std::vector<test::KerasLayer> layers = {
      {"input_1", {}},
      {"conv1/bn", {{"conv1/bn/gamma:0", pair}, {"conv1/bn/beta:0", {.shape = {2}, .values = {3, 4}}}}},
      {"fc", {{"fc/kernel", {.shape = {2, 1}, .values = {5, 6}, .rows_per_chunk = 1, .gzip = 1}}}}};
  for (const char* root : {"", "model_weights"}) {
    const test::TemporaryDirectory directory;
    {
      const Hdf5Writer writer(directory / "a.h5");
      write_keras_layers(writer, root, layers);
      writer.text(root, "keras_version", "2.3.1");
      writer.text(root, "backend", "tensorflow");
      writer.array("optimizer_weights/momentum", pair);
    }
    const io::KerasWeights keras = io::read_keras_weights(directory / "a.h5");
    EXPECT_EQ(keras.keras_version, "2.3.1");
    EXPECT_EQ(keras.backend, "tensorflow");
    ASSERT_EQ(keras.weights.size(), 3U);
    EXPECT_EQ(keras.weights[0].layer, "conv1/bn");
    EXPECT_EQ(keras.weights[0].tensor.name, "conv1/bn/gamma:0");
    EXPECT_EQ(keras.weights[1].tensor.values<float>(), (std::vector<float>{3, 4}));
    EXPECT_EQ(keras.weights[2].tensor.name, "fc/kernel");
    EXPECT_EQ(keras.weights[2].tensor.shape, (std::vector<std::int64_t>{2, 1}));
  }
}

TEST(KerasWeights, ReadsListsThatKerasHasSplit) {
  const test::TemporaryDirectory directory;
  {
    const Hdf5Writer writer(directory / "a.h5");
    writer.texts("", "layer_names0", {"a"});
    writer.texts("", "layer_names1", {"b"});
    for (const char* layer : {"a", "b"}) {
      writer.array(std::string(layer) + "/w", pair);
      writer.texts(layer, "weight_names", {"w"});
    }
  }
  EXPECT_EQ(io::read_keras_weights(directory / "a.h5").weights.size(), 2U);
}

TEST(KerasWeights, SaysWhatIsWrong) {
  EXPECT_THAT(error_after([](const Hdf5Writer& file) { file.array("x", pair); }), HasSubstr("without Keras weights"));
  EXPECT_THAT(error_after([](const Hdf5Writer& file) { file.array("layers/conv2d/vars/0", pair); }),
              HasSubstr(".weights.h5"));
  EXPECT_THAT(error_after([](const Hdf5Writer& file) { file.texts("", "layer_names", {"gone"}); }),
              HasSubstr("the layer gone is missing"));
  const auto layer_with_weights = [](const std::vector<std::string>& names) {
    return error_after([&](const Hdf5Writer& file) {
      file.texts("", "layer_names", {"a"});
      file.array("a/w", pair);
      file.texts("a", "weight_names", names);
    });
  };
  EXPECT_EQ(layer_with_weights({"w"}), "");
  EXPECT_THAT(layer_with_weights({"w", "v"}), HasSubstr("a/v: there is no such array"));
  EXPECT_THAT(layer_with_weights({"w", "w"}), HasSubstr("listed twice"));
  EXPECT_THAT(layer_with_weights({"../a/w"}), HasSubstr("there is no such array"));
}

TEST(KerasWeights, RefusesAFileThatUnpacksToTooMuch) {
  const std::vector<float> zeros(std::size_t{20} << 20U);
  EXPECT_THAT(error_after([&](const Hdf5Writer& file) {
                const Hdf5Array array = {
                    .shape = {zeros.size()}, .values = zeros, .rows_per_chunk = 1U << 20U, .gzip = 9};
                write_keras_layers(file, "", {{"a", {{"w", array}}}});
              }),
              HasSubstr("unpacks to more than"));
}

/// A chunk of 512 bytes whose gzip stream goes on for 384 MiB: libhdf5 would unpack it to its end.
TEST(KerasWeights, SlowAChunkCannotUnpackToMoreThanTheProcessMayTake) {
  const std::string what = error_after([&](const Hdf5Writer& file) {
    const std::uint64_t numbers = std::uint64_t{96} << 20U;
    const Hdf5Array small = {.shape = {128}, .values = std::vector<float>(128), .rows_per_chunk = 128, .gzip = 1};
    file.array("zeros",
               {.shape = {numbers}, .values = std::vector<float>(numbers), .rows_per_chunk = numbers, .gzip = 1});
    write_keras_layers(file, "", {{"a", {{"w", small}}}});
    const hid_t from = H5Dopen2(file.file(), "zeros", H5P_DEFAULT), to = H5Dopen2(file.file(), "a/w", H5P_DEFAULT);
    const hsize_t start = 0;
    hsize_t bytes = 0;
    std::uint32_t filters = 0;
    ASSERT_GE(H5Dget_chunk_storage_size(from, &start, &bytes), 0);
    std::vector<char> packed(bytes);
    ASSERT_GE(H5Dread_chunk(from, H5P_DEFAULT, &start, &filters, packed.data()), 0);
    ASSERT_GE(H5Dwrite_chunk(to, H5P_DEFAULT, filters, &start, packed.size(), packed.data()), 0);
    H5Dclose(from);
    H5Dclose(to);
    H5Ldelete(file.file(), "zeros", H5P_DEFAULT);
  });
  EXPECT_THAT(what, HasSubstr("a.h5: ")) << "it was unpacked";
  EXPECT_EQ(what.find('\n'), std::string::npos) << what;
}

// Of a thousand such files with gzip, libhdf5 1.10.8 crashed on two and ran for ever on one: hence its own process.
TEST(KerasWeights, NoDamagedFileCrashesTheReader) {
  const test::TemporaryDirectory directory;
  {
    const Hdf5Writer writer(directory / "good.h5");
    write_keras_layers(
        writer, "",
        {{"a", {{"a/kernel", {.shape = {4, 2}, .values = {1, 2, 3, 4, 5, 6, 7, 8}}}}}, {"b", {{"b/bias", pair}}}});
  }
  const std::string good = io::read_file(directory / "good.h5");
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good;
    for (int changes = 0; changes < 6; ++changes) bytes[random() % bytes.size()] = static_cast<char>(random());
    io::write_file_atomically(directory / "bad.h5", bytes);
    const std::string what = test::error_of([&] { io::read_keras_weights(directory / "bad.h5"); });
    EXPECT_EQ(what.find('\n'), std::string::npos);
    if (!what.empty()) ++refused;
  }
  EXPECT_GT(refused, 30);
}

/// Skips where the real files are absent.
class RealKerasFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << folder_ << " is absent";
  }
  io::KerasWeights read(const char* file) const { return io::read_keras_weights(folder_ / file); }
  static std::size_t numbers(const io::KerasWeights& keras) {
    std::size_t count = 0;
    for (const io::KerasWeight& weight : keras.weights) count += weight.tensor.values<float>().size();
    return count;
  }

 private:
  std::filesystem::path folder_ = test::shared_data("weights");
};

TEST_F(RealKerasFiles, ReadsAWholeModelOfKeras2) {
  const io::KerasWeights keras = read("small-real-keras-h5/mnist_cnn_keras2.3.1.h5");
  EXPECT_EQ(keras.keras_version, "2.3.1");
  EXPECT_EQ(keras.weights.size(), 10U);
  EXPECT_EQ(numbers(keras), 93322U);
}

TEST_F(RealKerasFiles, ReadsAWholeModelOfKeras3) {
  const io::KerasWeights keras = read("small-real-keras-h5/mnist_cnn_keras3.9.0.h5");
  EXPECT_EQ(keras.keras_version, "3.9.0");
  EXPECT_EQ(keras.weights.size(), 10U);
  EXPECT_EQ(numbers(keras), 241546U);
}

TEST_F(RealKerasFiles, ReadsWeightsOfKeras1) {
  const io::KerasWeights keras = read("densenet40-12-cifar10-keras-h5/DenseNet-Fast-40-12-CIFAR10.h5");
  EXPECT_EQ(keras.keras_version, "");
  EXPECT_EQ(keras.weights.size(), 53U);
  EXPECT_EQ(numbers(keras), 1003546U);
}

TEST_F(RealKerasFiles, ReadsDenseNet121) {
  const io::KerasWeights keras = read("densenet121/densenet121_weights_tf_dim_ordering_tf_kernels.h5");
  EXPECT_EQ(keras.weights.size(), 606U);
  EXPECT_EQ(numbers(keras), 8062504U);
}

}  // namespace
