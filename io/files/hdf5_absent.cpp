// Takes the place of hdf5.cpp where libhdf5 was not found.
#include "io/files/hdf5.h"

namespace io {

struct Hdf5File::Library {};

bool hdf5_is_built_in() { return false; }

Hdf5File::Hdf5File(const std::filesystem::path& path) : path_(path) {
  throw nn::Error(nn::message(path.string(),
                              ": is an HDF5 file, and this falx was built without HDF5; install libhdf5-dev and build "
                              "again, or use a .safetensors file"));
}
Hdf5File::~Hdf5File() = default;

// Never reached: there is no object to call them on.
bool Hdf5File::has_group(const std::string& /*path*/) const { return false; }
bool Hdf5File::has_array(const std::string& /*path*/) const { return false; }
std::optional<std::string> Hdf5File::text(const std::string& /*path*/, const std::string& /*attribute*/) const {
  return {};
}
std::optional<std::vector<std::string>> Hdf5File::texts(const std::string& /*path*/,
                                                        const std::string& /*attribute*/) const {
  return {};
}
StoredTensor Hdf5File::read(const std::string& /*path*/, std::uint64_t /*most_bytes*/) const { return {}; }

}  // namespace io
