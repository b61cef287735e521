#include "io/files/hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "io/files/printable.h"
#include "io/files/safetensors_header.h"

namespace io {
namespace {

constexpr std::size_t most_depth = 32;               // names in a path
constexpr std::uint64_t most_texts = 1'000'000;      // in an attribute, each of one length
constexpr std::uint64_t most_variable_texts = 4096;  // each may be as long as the file
constexpr std::uint64_t most_text_bytes = 1 << 26;   // of an attribute
constexpr std::uint64_t largest_rank = 8;
/// Deflate shrinks at most to 1/1032 (https://zlib.net/zlib_tech.html): an array cannot be larger than its stored bytes
/// allow. The constant covers headers and small arrays.
constexpr std::uint64_t most_expansion = 1040, small_array = 1 << 20;

/// An identifier of libhdf5 with the function that closes it.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor): takes part in libhdf5's calls

 private:
  hid_t id_;
  Close close_;
};

/// What libhdf5 says of its last failure: the innermost entry of its stack.
std::string last_failure() {
  std::string text = "unknown failure";
  const auto keep = [](unsigned /*depth*/, const H5E_error2_t* error, void* data) -> herr_t {
    if (error->desc != nullptr) *static_cast<std::string*>(data) = error->desc;
    return 1;  // the first is the innermost
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep, &text);
  return printable(text);
}

/// A handle that must be valid.
Handle checked(hid_t id, Handle::Close close, const char* what) {
  NN_CHECK(id >= 0, what, " failed: ", last_failure());
  return {id, close};
}

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
Handle open_object(hid_t file, const std::string& path) {
  Handle object = checked(H5Oopen(file, "/", H5P_DEFAULT), H5Oclose, "opening the root group");
  for (const std::string& name : names_of(path)) {
    if (H5Iget_type(object) != H5I_GROUP || H5Lexists(object, name.c_str(), H5P_DEFAULT) <= 0) {
      return {H5I_INVALID_HID, H5Oclose};
    }
    H5L_info_t link;
    NN_CHECK(H5Lget_info(object, name.c_str(), &link, H5P_DEFAULT) >= 0, "the link ", printable(name),
             " cannot be read: ", last_failure());
    NN_CHECK(link.type == H5L_TYPE_HARD, printable(path),
             " is a soft link or a link to another file, which no weight file needs; refused");
    object = checked(H5Oopen(object, name.c_str(), H5P_DEFAULT), H5Oclose, "opening an object");
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
  NN_CHECK(H5Aread(attribute, type, bytes.data()) >= 0, "an attribute cannot be read: ", last_failure());
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    texts.push_back(until_end(bytes.data() + i * length, length, H5Tget_strpad(type) == H5T_STR_SPACEPAD));
  }
  return texts;
}

std::vector<std::string> read_variable_texts(hid_t attribute, hid_t space, hid_t type, std::uint64_t count) {
  NN_CHECK(count <= most_variable_texts, "an attribute has ", count, " entries");
  const Handle in_memory = checked(H5Tcopy(H5T_C_S1), H5Tclose, "a text type");
  NN_CHECK(H5Tset_size(in_memory, H5T_VARIABLE) >= 0 && H5Tset_cset(in_memory, H5Tget_cset(type)) >= 0, "a text type");
  std::vector<char*> pointers(count, nullptr);
  NN_CHECK(H5Aread(attribute, in_memory, pointers.data()) >= 0, "an attribute cannot be read: ", last_failure());
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
  const Handle attribute = checked(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "opening an attribute");
  const Handle type = checked(H5Aget_type(attribute), H5Tclose, "an attribute's type");
  const Handle space = checked(H5Aget_space(attribute), H5Sclose, "an attribute's shape");
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  NN_CHECK(count >= 0 && static_cast<std::uint64_t>(count) <= most_texts, "the attribute ", name, " has ", count,
           " entries");
  if (count == 0) return std::vector<std::string>{};  // numpy gives an empty list the type float64
  NN_CHECK(H5Tget_class(type) == H5T_STRING, "the attribute ", name, " holds something else than text");
  if (H5Tis_variable_str(type) > 0)
    return read_variable_texts(attribute, space, type, static_cast<std::uint64_t>(count));
  return read_fixed_texts(attribute, type, static_cast<std::uint64_t>(count));
}

/// f32 for 32 and 64 bit IEEE floats, i64 for whole numbers of at most 64 bits.
ElementType element_type(hid_t type) {
  for (const hid_t known : {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE}) {
    if (H5Tequal(type, known) > 0) return ElementType::f32;
  }
  for (const hid_t known : {H5T_STD_I8LE, H5T_STD_U8LE, H5T_STD_I16LE, H5T_STD_U16LE, H5T_STD_I32LE, H5T_STD_U32LE,
                            H5T_STD_I64LE, H5T_STD_U64LE}) {
    if (H5Tequal(type, known) > 0) return ElementType::i64;
  }
  throw nn::Error("holds numbers of a kind that is not read; expected 32 or 64 bit floats");
}

std::vector<std::int64_t> shape_of(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  NN_CHECK(rank >= 0 && rank <= static_cast<int>(largest_rank), "has ", rank, " dimensions");
  std::array<hsize_t, largest_rank> lengths{};
  NN_CHECK(H5Sget_simple_extent_dims(space, lengths.data(), nullptr) == rank, "has no shape");
  std::vector<std::int64_t> shape;
  for (int i = 0; i < rank; ++i) {
    NN_CHECK(lengths[static_cast<std::size_t>(i)] <= (hsize_t{1} << 40U), "has a length of ",
             lengths[static_cast<std::size_t>(i)]);
    shape.push_back(static_cast<std::int64_t>(lengths[static_cast<std::size_t>(i)]));
  }
  return shape;
}

/// Bytes of a chunk once it is unpacked, which libhdf5 allocates.
std::uint64_t chunk_bytes(hid_t properties, std::size_t element_size) {
  std::array<hsize_t, H5S_MAX_RANK> lengths{};
  const int rank = H5Pget_chunk(properties, static_cast<int>(lengths.size()), lengths.data());
  NN_CHECK(rank >= 1, "has damaged chunks");
  std::uint64_t bytes = element_size;
  for (int i = 0; i < rank; ++i) {
    const hsize_t length = lengths[static_cast<std::size_t>(i)];
    NN_CHECK(length >= 1 && length <= (std::uint64_t{1} << 62U) / bytes, "has damaged chunks");
    bytes *= length;
  }
  return bytes;
}

void check_filters(hid_t properties) {
  for (int i = 0; i < H5Pget_nfilters(properties); ++i) {
    unsigned flags = 0, configuration = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &configuration);
    NN_CHECK(filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32,
             "is packed by HDF5's filter number ", static_cast<int>(filter), "; only gzip is read");
  }
}

/// Of the file that holds the object.
std::uint64_t size_of_file(hid_t object) {
  const Handle file = checked(H5Iget_file_id(object), H5Fclose, "finding its file");
  hsize_t bytes = 0;
  NN_CHECK(H5Fget_filesize(file, &bytes) >= 0, "the file's size is unknown: ", last_failure());
  return bytes;
}

/// Before anything is allocated: the bytes that the shape needs must be there, in this file.
void check_storage(hid_t dataset, std::uint64_t elements, std::size_t element_size, std::uint64_t most_bytes) {
  const Handle properties = checked(H5Dget_create_plist(dataset), H5Pclose, "its properties");
  const H5D_layout_t layout = H5Pget_layout(properties);
  NN_CHECK(layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED, "is a virtual array; refused");
  NN_CHECK(H5Pget_external_count(properties) == 0, "keeps its data in another file; refused");
  check_filters(properties);
  const std::uint64_t stored = H5Dget_storage_size(dataset), needed = elements * element_size;
  const std::uint64_t file_bytes = size_of_file(dataset);
  NN_CHECK(stored <= file_bytes, "says that ", stored, " bytes are stored, the file has ", file_bytes);
  if (layout != H5D_CHUNKED) {
    NN_CHECK(stored == needed, "needs ", needed, " bytes, ", stored, " are stored");
    return;
  }
  const std::uint64_t most = stored < (std::uint64_t{1} << 50U) ? stored * most_expansion + small_array : 0;
  const std::uint64_t chunk = chunk_bytes(properties, element_size);
  NN_CHECK(needed <= most && chunk <= most, "needs ", needed, " bytes, ", stored, " are stored");
  NN_CHECK(chunk <= most_bytes, "unpacks to more than ", most_bytes, " bytes; refused");
}

StoredTensor read_array(hid_t dataset, std::uint64_t most_bytes) {
  const Handle type = checked(H5Dget_type(dataset), H5Tclose, "its type");
  const Handle space = checked(H5Dget_space(dataset), H5Sclose, "its shape");
  StoredTensor tensor{.name = "", .type = element_type(type), .shape = shape_of(space), .bytes = {}};
  const std::uint64_t size = checked_size(tensor);
  check_storage(dataset, size / size_of(tensor.type), H5Tget_size(type), most_bytes);
  NN_CHECK(size <= most_bytes, "unpacks to more than ", most_bytes, " bytes; refused");
  tensor.bytes.resize(size);
  const hid_t in_memory = tensor.type == ElementType::f32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64;
  NN_CHECK(size == 0 || H5Dread(dataset, in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes.data()) >= 0,
           "cannot be read: ", last_failure());
  return tensor;
}

}  // namespace

struct Hdf5File::Library {
  Handle file;
};

bool hdf5_is_built_in() { return true; }

Hdf5File::Hdf5File(const std::filesystem::path& path) : path_(path) {
  make_library_quiet();
  const Handle access = checked(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "HDF5's settings");
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  NN_CHECK(file >= 0, path_.string(),
           ": is no readable HDF5 file, it is damaged or truncated (HDF5 says: ", last_failure(), ")");
  library_ = std::make_unique<Library>(Library{Handle(file, H5Fclose)});
}

Hdf5File::~Hdf5File() = default;

bool Hdf5File::has_group(const std::string& path) const {
  const Handle object = open_object(library_->file, path);
  return object >= 0 && H5Iget_type(object) == H5I_GROUP;
}

bool Hdf5File::has_array(const std::string& path) const {
  const Handle object = open_object(library_->file, path);
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
    const Handle object = open_object(library_->file, path);
    NN_CHECK(object >= 0, "there is no ", printable(path));
    return read_texts(object, attribute);
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path_.string(), ": ", error.what()));
  }
}

StoredTensor Hdf5File::read(const std::string& path, std::uint64_t most_bytes) const {
  try {
    const Handle object = open_object(library_->file, path);
    NN_CHECK(object >= 0 && H5Iget_type(object) == H5I_DATASET, "there is no such array");
    StoredTensor tensor = read_array(object, most_bytes);
    tensor.name = path;
    return tensor;
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path_.string(), ": ", printable(path), ": ", error.what()));
  }
}

}  // namespace io
