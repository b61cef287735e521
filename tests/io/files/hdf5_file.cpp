#include "tests/io/files/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <stdexcept>

namespace test {
namespace {

hid_t must(hid_t id) {
  if (id < 0) throw std::runtime_error("writing an HDF5 file for a test failed");
  return id;
}

std::string or_root(const std::string& path) { return path.empty() ? "/" : path; }

hid_t with_groups_above() {
  const hid_t links = must(H5Pcreate(H5P_LINK_CREATE));
  must(H5Pset_create_intermediate_group(links, 1));
  return links;
}

}  // namespace

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path)
    : file_(must(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT))) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // no messages on standard error
}

Hdf5Writer::~Hdf5Writer() { H5Fclose(file_); }

void Hdf5Writer::group(const std::string& path) const {
  if (path.empty() || H5Oexists_by_name(file_, path.c_str(), H5P_DEFAULT) > 0) return;
  const hid_t links = with_groups_above();
  H5Gclose(must(H5Gcreate2(file_, path.c_str(), links, H5P_DEFAULT, H5P_DEFAULT)));
  H5Pclose(links);
}

void Hdf5Writer::array(const std::string& path, const Hdf5Array& array) const {
  const std::vector<hsize_t> shape(array.shape.begin(), array.shape.end());
  const hid_t space = must(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
  const hid_t properties = must(H5Pcreate(H5P_DATASET_CREATE)), links = with_groups_above();
  if (array.rows_per_chunk > 0) {
    std::vector<hsize_t> chunk = shape;
    chunk[0] = array.rows_per_chunk;
    must(H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data()));
    if (array.gzip > 0) must(H5Pset_deflate(properties, array.gzip));
  }
  const hid_t dataset = must(H5Dcreate2(file_, path.c_str(), H5T_IEEE_F32LE, space, links, properties, H5P_DEFAULT));
  if (!array.values.empty()) {
    must(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()));
  }
  H5Dclose(dataset);
  H5Pclose(links);
  H5Pclose(properties);
  H5Sclose(space);
}

void Hdf5Writer::texts(const std::string& path, const std::string& attribute,
                       const std::vector<std::string>& texts) const {
  std::size_t length = 1;
  for (const std::string& text : texts) length = std::max(length, text.size());
  std::string bytes;
  for (const std::string& text : texts) bytes += text + std::string(length - text.size(), '\0');
  const hsize_t count = texts.size();
  const hid_t space = must(H5Screate_simple(1, &count, nullptr)), type = must(H5Tcopy(H5T_C_S1));
  must(H5Tset_size(type, length));
  must(H5Tset_strpad(type, H5T_STR_NULLPAD));
  const hid_t written = must(H5Acreate_by_name(file_, or_root(path).c_str(), attribute.c_str(), type, space,
                                               H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  if (count > 0) must(H5Awrite(written, type, bytes.data()));
  H5Aclose(written);
  H5Tclose(type);
  H5Sclose(space);
}

void Hdf5Writer::text(const std::string& path, const std::string& attribute, const std::string& text) const {
  const hid_t space = must(H5Screate(H5S_SCALAR)), type = must(H5Tcopy(H5T_C_S1));
  must(H5Tset_size(type, H5T_VARIABLE));
  const hid_t written = must(H5Acreate_by_name(file_, or_root(path).c_str(), attribute.c_str(), type, space,
                                               H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const char* pointer = text.c_str();
  must(H5Awrite(written, type, &pointer));
  H5Aclose(written);
  H5Tclose(type);
  H5Sclose(space);
}

void write_keras_layers(const Hdf5Writer& writer, const std::string& root, const std::vector<KerasLayer>& layers) {
  const std::string prefix = root.empty() ? "" : root + "/";
  writer.group(root);
  std::vector<std::string> layer_names;
  for (const KerasLayer& layer : layers) {
    layer_names.push_back(layer.name);
    writer.group(prefix + layer.name);
    std::vector<std::string> weight_names;
    for (const auto& [name, array] : layer.weights) {
      weight_names.push_back(name);
      writer.array(prefix + layer.name + "/" + name, array);
    }
    writer.texts(prefix + layer.name, "weight_names", weight_names);
  }
  writer.texts(root, "layer_names", layer_names);
}

}  // namespace test
