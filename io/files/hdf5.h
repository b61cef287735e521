// HDF5 files (https://docs.hdfgroup.org/hdf5/v1_10/_f_m_t3.html), as far as weight files need them: a tree of groups
// with texts as attributes and arrays of numbers as leaves. Through libhdf5, which the build can lack
// (hdf5_absent.cpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/files/safetensors.h"

namespace io {

/// Whether this program was built with libhdf5. Without it, opening any file throws one line that says so.
bool hdf5_is_built_in();

/// An HDF5 file, opened for reading; everything in it is untrusted. Every function throws nn::Error in one line that
/// names the file; libhdf5 itself prints nothing. What a weight file has no use for is refused: links to other files
/// and soft links, data kept in other files, filters other than gzip, shuffle and checksum, arrays larger than what
/// the file can hold.
class Hdf5File {
 public:
  explicit Hdf5File(const std::filesystem::path& path);
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;
  ~Hdf5File();

  /// Objects are named by their path from the root: "model_weights/conv1/bn"; the root itself is "".
  bool has_group(const std::string& path) const;
  bool has_array(const std::string& path) const;

  /// A text or a list of texts; absent if the object has no attribute of this name.
  std::optional<std::string> text(const std::string& path, const std::string& attribute) const;
  std::optional<std::vector<std::string>> texts(const std::string& path, const std::string& attribute) const;

  /// The array of this path, named so: 32 and 64 bit floats become f32, whole numbers i64. Row-major. Refused before
  /// anything is allocated if it or one of its chunks needs more than `most_bytes`.
  StoredTensor read(const std::string& path, std::uint64_t most_bytes) const;

 private:
  struct Library;
  std::filesystem::path path_;
  std::unique_ptr<Library> library_;
};

}  // namespace io
