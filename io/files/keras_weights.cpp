#include "io/files/keras_weights.h"

#include <set>
#include <utility>

#include "io/files/hdf5.h"
#include "io/files/printable.h"

namespace io {
namespace {

constexpr std::size_t most_weights = 100'000;
/// gzip gains little on trained weights; a file that unpacks to more was made to fill the memory.
constexpr std::uint64_t most_expansion = 16, small_file = std::uint64_t{64} << 20U;

/// The group whose attributes list the layers: "" is the root.
std::string group_of_layers(const Hdf5File& file, const std::filesystem::path& path) {
  for (const char* group : {"", "model_weights"}) {
    if (file.has_group(group) && (file.texts(group, "layer_names") || file.texts(group, "layer_names0"))) return group;
  }
  NN_CHECK(!file.has_group("layers") && !file.has_group("_layer_checkpoint_dependencies"), path.string(),
           ": is Keras 3's .weights.h5 layout, which is not read; in Python, load the model and save it once more with "
           "model.save('weights.h5')");
  throw nn::Error(nn::message(path.string(), ": is an HDF5 file without Keras weights (no attribute layer_names)"));
}

/// Keras splits a list that is too long for one attribute: weight_names0, weight_names1, ...
std::vector<std::string> split_list(const Hdf5File& file, const std::string& group, const std::string& name) {
  if (auto whole = file.texts(group, name)) return *whole;
  std::vector<std::string> all;
  for (std::size_t part = 0;; ++part) {
    const auto texts = file.texts(group, name + std::to_string(part));
    if (!texts) return all;
    all.insert(all.end(), texts->begin(), texts->end());
    NN_CHECK(all.size() <= most_weights, "the attribute ", name, " lists more than ", most_weights, " names");
  }
}

std::string below(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + "/" + name;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path), file_(path), most_bytes_(most_expansion * std::filesystem::file_size(path) + small_file) {}

  KerasWeights read() {
    const std::string root = group_of_layers(file_, path_);
    KerasWeights result{.keras_version = file_.text(root, "keras_version").value_or(""),
                        .backend = file_.text(root, "backend").value_or(""),
                        .weights = {}};
    for (const std::string& layer : split_list(file_, root, "layer_names")) {
      const std::string group = below(root, layer);
      if (!file_.has_group(group))
        throw nn::Error(nn::message(path_.string(), ": the layer ", printable(layer), " is missing"));
      for (const std::string& name : split_list(file_, group, "weight_names")) {
        result.weights.push_back({layer, read_weight(group, name)});
      }
    }
    return result;
  }

 private:
  StoredTensor read_weight(const std::string& group, const std::string& name) {
    const std::string whole = below(group, name);
    NN_CHECK(seen_.insert(whole).second && seen_.size() <= most_weights, path_.string(), ": the weight ",
             printable(whole), " is listed twice");
    StoredTensor tensor = file_.read(whole);
    bytes_ += tensor.bytes.size();
    NN_CHECK(bytes_ <= most_bytes_, path_.string(), ": unpacks to more than ", most_bytes_, " bytes; refused");
    tensor.name = name;
    return tensor;
  }

  std::filesystem::path path_;
  Hdf5File file_;
  std::uint64_t most_bytes_, bytes_ = 0;
  std::set<std::string> seen_;
};

}  // namespace

KerasWeights read_keras_weights(const std::filesystem::path& path) { return Reader(path).read(); }

}  // namespace io
