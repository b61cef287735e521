#include "io/files/keras_weights.h"

#include <set>
#include <utility>

#include "io/files/child_process.h"
#include "io/files/hdf5.h"
#include "io/files/printable.h"
#include "io/files/safetensors_header.h"

namespace io {
namespace {

constexpr std::size_t most_weights = 100'000;
/// gzip gains little on trained weights; a file that unpacks to more was made to fill the memory.
constexpr std::uint64_t most_expansion = 16, small_file = std::uint64_t{64} << 20U;
/// Beside the weights: libhdf5's caches and one chunk on its way. A chunk says how long it is, but libhdf5 unpacks gzip
/// to wherever it ends, a thousandfold at most: only the limit of the process stops it.
constexpr std::uint64_t other_memory = std::uint64_t{128} << 20U;
/// Processor time: reading does a hundred times better.
constexpr std::uint64_t least_seconds = 10, slowest = 2'000'000;  // bytes a second

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
      : path_(path), file_(path), bytes_left_(most_expansion * std::filesystem::file_size(path) + small_file) {}

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
    StoredTensor tensor = file_.read(whole, bytes_left_);
    bytes_left_ -= tensor.bytes.size();
    tensor.name = name;
    return tensor;
  }

  std::filesystem::path path_;
  Hdf5File file_;
  std::uint64_t bytes_left_;  // of what the whole file may unpack to
  std::set<std::string> seen_;
};

void send(const KerasWeights& keras, PipeWriter& pipe) {
  pipe.text(keras.keras_version);
  pipe.text(keras.backend);
  pipe.number(keras.weights.size());
  for (const KerasWeight& weight : keras.weights) {
    pipe.text(weight.layer);
    pipe.text(weight.tensor.name);
    pipe.number(weight.tensor.type == ElementType::f32 ? 1 : 0);
    pipe.number(weight.tensor.shape.size());
    for (const std::int64_t length : weight.tensor.shape) pipe.number(static_cast<std::uint64_t>(length));
    pipe.number(weight.tensor.bytes.size());
    pipe.bytes({reinterpret_cast<const char*>(weight.tensor.bytes.data()), weight.tensor.bytes.size()});
  }
}

StoredTensor receive_tensor(PipeReader& pipe) {
  StoredTensor tensor{.name = pipe.text(), .type = {}, .shape = {}, .bytes = {}};
  tensor.type = pipe.number() == 1 ? ElementType::f32 : ElementType::i64;
  tensor.shape.resize(pipe.length());
  for (std::int64_t& length : tensor.shape) length = static_cast<std::int64_t>(pipe.number());
  tensor.bytes.resize(pipe.length());
  NN_CHECK(tensor.bytes.size() == checked_size(tensor), "is damaged: an array has not the size of its shape");
  pipe.bytes(tensor.bytes.data(), tensor.bytes.size());
  return tensor;
}

KerasWeights receive(PipeReader& pipe) {
  KerasWeights keras{.keras_version = pipe.text(), .backend = pipe.text(), .weights = {}};
  for (std::uint64_t left = pipe.length(); left > 0; --left) {
    std::string layer = pipe.text();
    keras.weights.push_back({std::move(layer), receive_tensor(pipe)});
  }
  return keras;
}

}  // namespace

/// libhdf5 can crash on a damaged file, and run for ever: it gets a process of its own.
KerasWeights read_keras_weights(const std::filesystem::path& path) {
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  NN_CHECK(!failure, path.string(), ": cannot read it: ", failure.message());
  const ChildLimits limits{.most_bytes = most_expansion * size + 2 * small_file,
                           .most_memory = most_expansion * size + small_file + other_memory,
                           .cpu_seconds = static_cast<unsigned>(least_seconds + size / slowest)};
  KerasWeights keras;
  try {
    in_child_process(
        limits, [&](PipeWriter& pipe) { send(Reader(path).read(), pipe); },
        [&](PipeReader& pipe) { keras = receive(pipe); });
  } catch (const nn::Error& error) {
    const std::string what = error.what();  // the reader names the file, the pipe does not
    throw nn::Error(what.starts_with(path.string()) ? what : nn::message(path.string(), ": ", what));
  }
  return keras;
}

}  // namespace io
