// Writes HDF5 files for the tests, good and bad ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace test {

struct Hdf5Array {
  std::vector<std::uint64_t> shape;
  std::vector<float> values;
  std::uint64_t rows_per_chunk = 0;  // 0: in one piece
  unsigned gzip = 0;                 // level, with chunks
};

class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& path);
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;
  ~Hdf5Writer();

  /// libhdf5's hid_t, for what the functions below cannot do.
  std::int64_t file() const { return file_; }

  /// With all groups above it.
  void group(const std::string& path) const;
  void array(const std::string& path, const Hdf5Array& array) const;
  /// A list of texts, padded to one length, as h5py writes what Keras gives it. `path` "": the root.
  void texts(const std::string& path, const std::string& attribute, const std::vector<std::string>& texts) const;
  /// One text of variable length, as h5py writes a str.
  void text(const std::string& path, const std::string& attribute, const std::string& text) const;

 private:
  std::int64_t file_;
};

/// A layer of a Keras file: {"conv1/bn", {{"conv1/bn/gamma:0", {...}}}}.
struct KerasLayer {
  std::string name;
  std::vector<std::pair<std::string, Hdf5Array>> weights;
};

/// The layout of io/files/keras_weights.h below `root` ("" or "model_weights").
void write_keras_layers(const Hdf5Writer& writer, const std::string& root, const std::vector<KerasLayer>& layers);

}  // namespace test
