#include "io/files/hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <cstring>

#include "io/files/hdf5_array.h"
#include "io/files/hdf5_handle.h"
#include "io/files/printable.h"

namespace io {
namespace {

constexpr std::size_t most_depth = 32;               // names in a path
constexpr std::uint64_t most_texts = 1'000'000;      // in an attribute, each of one length
constexpr std::uint64_t most_variable_texts = 4096;  // each may be as long as the file
constexpr std::uint64_t most_text_bytes = 1 << 26;   // of an attribute

/// No messages on standard error, no code loaded from plugin folders.
void make_library_quiet() {
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
}

std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) names.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  NN_CHECK(names.size() <= most_depth, "the path ", printable(path), " is deeper than ", most_depth, " groups");
  return names;
}

/// Opens the object of a path, name by name: only ordinary links are followed. Invalid if there is none.
Hdf5Handle open_object(hid_t file, const std::string& path) {
  Hdf5Handle object = checked_hdf5(H5Oopen(file, "/", H5P_DEFAULT), H5Oclose, "opening the root group");
  for (const std::string& name : names_of(path)) {
    if (H5Iget_type(object) != H5I_GROUP || H5Lexists(object, name.c_str(), H5P_DEFAULT) <= 0) {
      return {H5I_INVALID_HID, H5Oclose};
    }
    H5L_info_t link;
    NN_CHECK(H5Lget_info(object, name.c_str(), &link, H5P_DEFAULT) >= 0, "the link ", printable(name),
             " cannot be read: ", last_hdf5_failure());
    NN_CHECK(link.type == H5L_TYPE_HARD, printable(path),
             " is a soft link or a link to another file, which no weight file needs; refused");
    object = checked_hdf5(H5Oopen(object, name.c_str(), H5P_DEFAULT), H5Oclose, "opening an object");
  }
  return object;
}

std::string until_end(const char* text, std::size_t most, bool space_padded) {
  std::string result(text, ::strnlen(text, most));
  if (space_padded) result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string> read_fixed_texts(hid_t attribute, hid_t type, std::uint64_t count) {
  const std::size_t length = H5Tget_size(type);
  NN_CHECK(length >= 1 && length <= most_text_bytes / count, "an attribute holds too much text");
  std::vector<char> bytes(length * count);
  NN_CHECK(H5Aread(attribute, type, bytes.data()) >= 0, "an attribute cannot be read: ", last_hdf5_failure());
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    texts.push_back(until_end(bytes.data() + i * length, length, H5Tget_strpad(type) == H5T_STR_SPACEPAD));
  }
  return texts;
}

std::vector<std::string> read_variable_texts(hid_t attribute, hid_t space, hid_t type, std::uint64_t count) {
  NN_CHECK(count <= most_variable_texts, "an attribute has ", count, " entries");
  const Hdf5Handle in_memory = checked_hdf5(H5Tcopy(H5T_C_S1), H5Tclose, "a text type");
  NN_CHECK(H5Tset_size(in_memory, H5T_VARIABLE) >= 0 && H5Tset_cset(in_memory, H5Tget_cset(type)) >= 0, "a text type");
  std::vector<char*> pointers(count, nullptr);
  NN_CHECK(H5Aread(attribute, in_memory, pointers.data()) >= 0, "an attribute cannot be read: ", last_hdf5_failure());
  std::vector<std::string> texts;
  texts.reserve(pointers.size());
  for (const char* pointer : pointers) {
    texts.push_back(pointer == nullptr ? "" : until_end(pointer, most_text_bytes, false));
  }
  H5Dvlen_reclaim(in_memory, space, H5P_DEFAULT, pointers.data());
  return texts;
}

std::optional<std::vector<std::string>> read_texts(hid_t object, const std::string& name) {
  if (H5Aexists(object, name.c_str()) <= 0) return {};
  const Hdf5Handle attribute =
      checked_hdf5(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "opening an attribute");
  const Hdf5Handle type = checked_hdf5(H5Aget_type(attribute), H5Tclose, "an attribute's type");
  const Hdf5Handle space = checked_hdf5(H5Aget_space(attribute), H5Sclose, "an attribute's shape");
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  NN_CHECK(count >= 0 && static_cast<std::uint64_t>(count) <= most_texts, "the attribute ", name, " has ", count,
           " entries");
  if (count == 0) return std::vector<std::string>{};  // numpy gives an empty list the type float64
  NN_CHECK(H5Tget_class(type) == H5T_STRING, "the attribute ", name, " holds something else than text");
  if (H5Tis_variable_str(type) > 0)
    return read_variable_texts(attribute, space, type, static_cast<std::uint64_t>(count));
  return read_fixed_texts(attribute, type, static_cast<std::uint64_t>(count));
}

}  // namespace

struct Hdf5File::Library {
  Hdf5Handle file;
};

bool hdf5_is_built_in() { return true; }

Hdf5File::Hdf5File(const std::filesystem::path& path) : path_(path) {
  make_library_quiet();
  const Hdf5Handle access = checked_hdf5(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "HDF5's settings");
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  NN_CHECK(file >= 0, path_.string(),
           ": is no readable HDF5 file, it is damaged or truncated (HDF5 says: ", last_hdf5_failure(), ")");
  library_ = std::make_unique<Library>(Library{Hdf5Handle(file, H5Fclose)});
}

Hdf5File::~Hdf5File() = default;

bool Hdf5File::has_group(const std::string& path) const {
  const Hdf5Handle object = open_object(library_->file, path);
  return object >= 0 && H5Iget_type(object) == H5I_GROUP;
}

bool Hdf5File::has_array(const std::string& path) const {
  const Hdf5Handle object = open_object(library_->file, path);
  return object >= 0 && H5Iget_type(object) == H5I_DATASET;
}

std::optional<std::string> Hdf5File::text(const std::string& path, const std::string& attribute) const {
  const auto all = texts(path, attribute);
  if (!all) return {};
  NN_CHECK(all->size() == 1, path_.string(), ": the attribute ", attribute, " of ", printable(path),
           " is no single text");
  return all->front();
}

std::optional<std::vector<std::string>> Hdf5File::texts(const std::string& path, const std::string& attribute) const {
  try {
    const Hdf5Handle object = open_object(library_->file, path);
    NN_CHECK(object >= 0, "there is no ", printable(path));
    return read_texts(object, attribute);
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path_.string(), ": ", error.what()));
  }
}

StoredTensor Hdf5File::read(const std::string& path, std::uint64_t most_bytes) const {
  try {
    const Hdf5Handle object = open_object(library_->file, path);
    NN_CHECK(object >= 0 && H5Iget_type(object) == H5I_DATASET, "there is no such array");
    StoredTensor tensor = read_hdf5_array(object, most_bytes);
    tensor.name = path;
    return tensor;
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path_.string(), ": ", printable(path), ": ", error.what()));
  }
}

}  // namespace io
