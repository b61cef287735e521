#include "train/checkpoint.h"

#include <span>

#include "io/files/safetensors.h"
#include "nn/tensor/copy.h"
#include "train/weights.h"

namespace train {
namespace {

using nn::Tensor;

constexpr const char* format_key = "falx_checkpoint";
constexpr const char* format_version = "2";
constexpr const char* network_prefix = "network.";
constexpr const char* origin_key = "pretrained";

template <class T>
io::StoredTensor stored(const std::string& name, const Tensor& tensor) {
  return io::stored_tensor<T>(name, {tensor.elements()}, tensor.to_vector<T>());
}

io::StoredTensor stored_state(const Optimizer::NamedTensor& entry) {
  const Tensor host = nn::to_device(entry.tensor, nn::Device::cpu);
  return host.dtype() == nn::DType::f64 ? stored<double>(entry.name, host) : stored<float>(entry.name, host);
}

/// The stored tensor in the shape and type of `like`; throws if it has others.
Tensor restored(const io::StoredTensor& tensor, const Tensor& like) {
  NN_CHECK(tensor.elements() == like.elements(), tensor.name, " has ", tensor.elements(), " elements, expected ",
           like.elements());
  if (like.dtype() == nn::DType::f64) return Tensor::from<double>(like.shape(), tensor.values<double>());
  return Tensor::from<float>(like.shape(), tensor.values<float>());
}

const std::string& metadata(const io::Safetensors& contents, const std::string& key) {
  const auto entry = contents.metadata.find(key);
  NN_CHECK(entry != contents.metadata.end(), "is no checkpoint of falx train: it has no metadata '", key, "'");
  return entry->second;
}

void check_format(const io::Safetensors& contents) {
  const std::string& version = metadata(contents, format_key);
  NN_CHECK(version == format_version, "was written by another version of falx (checkpoint format ", version,
           ", expected ", format_version, ")");
}

std::optional<WeightOrigin> origin_in(const io::Safetensors& contents) {
  const auto entry = contents.metadata.find(origin_key);
  if (entry == contents.metadata.end()) return {};
  return weight_origin_from_json(entry->second);
}

void check_identity(const io::Safetensors& contents, const CheckpointIdentity& identity) {
  check_format(contents);
  NN_CHECK(metadata(contents, "data_hash") == identity.data_hash,
           "belongs to other training data: the images or labels have changed since it was written");
  NN_CHECK(metadata(contents, "split_hash") == identity.split_hash,
           "belongs to another split into training and validation (made with another --id-key?)");
  NN_CHECK(origin_in(contents) == identity.pretrained, "was started from other pretrained weights");
}

/// Refuses an optimizer of another kind: its moments are not these.
std::vector<Tensor> restored_optimizer(const io::Safetensors& contents, const Optimizer& optimizer) {
  std::vector<Tensor> tensors;
  for (const Optimizer::NamedTensor& entry : optimizer.state()) {
    tensors.push_back(restored(contents.at(entry.name), entry.tensor));
  }
  return tensors;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const CheckpointIdentity& identity, nn::Module& network,
                      const Optimizer& optimizer, const TrainingState& state) {
  io::Safetensors contents{.tensors = export_weights(network, network_prefix),
                           .metadata = {{format_key, format_version},
                                        {"architecture", identity.architecture},
                                        {"data_hash", identity.data_hash},
                                        {"split_hash", identity.split_hash},
                                        {"state", to_json(state)}}};
  if (identity.pretrained) contents.metadata[origin_key] = to_json(*identity.pretrained);
  for (const Optimizer::NamedTensor& entry : optimizer.state()) contents.tensors.push_back(stored_state(entry));
  io::write_safetensors(path, contents);
}

TrainingState read_checkpoint(const std::filesystem::path& path, const CheckpointIdentity& identity,
                              nn::Module& network, const Optimizer& optimizer) {
  const io::Safetensors contents = io::read_safetensors(path);
  try {
    const std::string& architecture = metadata(contents, "architecture");
    check_weights(contents, "of the architecture " + architecture, network, network_prefix);
    check_identity(contents, identity);
    TrainingState state = training_state_from_json(metadata(contents, "state"));
    const std::vector<Tensor> tensors = restored_optimizer(contents, optimizer);
    import_weights(contents, path.string(), network, network_prefix);
    const std::vector<Optimizer::NamedTensor> own = optimizer.state();
    for (std::size_t i = 0; i < own.size(); ++i) nn::copy_into(tensors[i], own[i].tensor);
    return state;
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path.string(), ": ", error.what()));
  }
}

std::optional<WeightOrigin> read_checkpoint_origin(const std::filesystem::path& path) {
  const io::Safetensors contents = io::read_safetensors_header(path);
  try {
    check_format(contents);
    return origin_in(contents);
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(path.string(), ": ", error.what()));
  }
}

}  // namespace train
