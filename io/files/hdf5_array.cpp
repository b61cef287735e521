#include "io/files/hdf5_array.h"

#include <hdf5.h>

#include <array>

#include "io/files/safetensors_header.h"
#include "nn/core/error.h"

namespace io {
namespace {

constexpr std::uint64_t largest_rank = 8;
/// Deflate shrinks at most to 1/1032 (https://zlib.net/zlib_tech.html): an array cannot be larger than its stored bytes
/// allow. The constant covers headers and small arrays.
constexpr std::uint64_t most_expansion = 1040, small_array = 1 << 20;

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
  const Hdf5Handle file = checked_hdf5(H5Iget_file_id(object), H5Fclose, "finding its file");
  hsize_t bytes = 0;
  NN_CHECK(H5Fget_filesize(file, &bytes) >= 0, "the file's size is unknown: ", last_hdf5_failure());
  return bytes;
}

/// Before anything is allocated: the bytes that the shape needs must be there, in this file.
void check_storage(hid_t dataset, std::uint64_t elements, std::size_t element_size, std::uint64_t most_bytes) {
  const Hdf5Handle properties = checked_hdf5(H5Dget_create_plist(dataset), H5Pclose, "its properties");
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

}  // namespace

StoredTensor read_hdf5_array(hid_t dataset, std::uint64_t most_bytes) {
  const Hdf5Handle type = checked_hdf5(H5Dget_type(dataset), H5Tclose, "its type");
  const Hdf5Handle space = checked_hdf5(H5Dget_space(dataset), H5Sclose, "its shape");
  StoredTensor tensor{.name = "", .type = element_type(type), .shape = shape_of(space), .bytes = {}};
  const std::uint64_t size = checked_size(tensor);
  check_storage(dataset, size / size_of(tensor.type), H5Tget_size(type), most_bytes);
  NN_CHECK(size <= most_bytes, "unpacks to more than ", most_bytes, " bytes; refused");
  tensor.bytes.resize(size);
  const hid_t in_memory = tensor.type == ElementType::f32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64;
  NN_CHECK(size == 0 || H5Dread(dataset, in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes.data()) >= 0,
           "cannot be read: ", last_hdf5_failure());
  return tensor;
}

}  // namespace io
