#include "train/weights.h"

#include <algorithm>
#include <set>
#include <span>

#include "nn/tensor/copy.h"

namespace train {
namespace {

using nn::Shape;
using nn::Tensor;

/// A tensor of the network with its name and shape in a file.
struct Entry {
  std::string name;
  Tensor tensor;
  Shape layout;  // {out, h, w, in} of elements that the file has in the order {out, in, h, w}
  std::vector<std::int64_t> file_shape;
};

std::vector<std::int64_t> file_shape(const Shape& shape, int rank) {
  if (rank == 4) return {shape.n, shape.c, shape.h, shape.w};
  if (rank == 2) return {shape.n, shape.c};
  return {shape.elements()};
}

std::vector<Entry> entries_of(nn::Module& network) {
  std::vector<Entry> entries;
  for (const auto& [path, parameter] : network.parameters()) {
    entries.push_back({path, parameter->value(), parameter->file_layout(),
                       file_shape(parameter->shape(), parameter->options().file_rank)});
  }
  for (const auto& [path, buffer] : network.buffers()) {
    entries.push_back({path, *buffer, buffer->shape(), file_shape(buffer->shape(), 1)});
  }
  return entries;
}

/// Calls copy(index in our order, index in the file's) for every element: {out, h, w, in} against {out, in, h, w}.
template <class Copy>
void for_each_pair(const Shape& s, const Copy& copy) {
  std::int64_t ours = 0;
  for (std::int64_t o = 0; o < s.n; ++o) {
    for (std::int64_t p = 0; p < s.h * s.w; ++p) {
      for (std::int64_t i = 0; i < s.c; ++i, ++ours) copy(ours, (o * s.c + i) * s.h * s.w + p);
    }
  }
}

std::string to_string(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

/// All differences between the network and the file's tensors below the prefix, in words.
std::vector<std::string> differences(const std::vector<Entry>& entries, const io::Safetensors& source,
                                     const std::string& prefix) {
  std::vector<std::string> found;
  std::set<std::string> known;
  for (const Entry& entry : entries) {
    known.insert(prefix + entry.name);
    const io::StoredTensor* stored = source.find(prefix + entry.name);
    if (stored == nullptr) {
      found.push_back(entry.name + " is missing");
    } else if (stored->shape != entry.file_shape) {
      found.push_back(entry.name + " is " + to_string(stored->shape) + " instead of " + to_string(entry.file_shape));
    } else if (stored->type != io::ElementType::f32) {
      found.push_back(entry.name + " is " + std::string(io::name(stored->type)) + " instead of F32");
    }
  }
  for (const io::StoredTensor& stored : source.tensors) {
    if (stored.name.starts_with(prefix) && !known.contains(stored.name)) {
      found.push_back(stored.name.substr(prefix.size()) + " is not in the network");
    }
  }
  return found;
}

/// One line: the first few, and how many more there are.
std::string summary(const std::vector<std::string>& found) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, found.size()); ++i) text += (i > 0 ? "; " : "") + found[i];
  if (found.size() > shown) text += "; and " + std::to_string(found.size() - shown) + " more";
  return text;
}

}  // namespace

std::vector<io::StoredTensor> export_weights(nn::Module& network, const std::string& prefix) {
  std::vector<io::StoredTensor> stored;
  for (const Entry& entry : entries_of(network)) {
    const Tensor f32 = Tensor::empty(entry.tensor.shape());
    nn::copy_converted(entry.tensor, f32);
    const float* ours = f32.data<float>();
    std::vector<float> values(static_cast<std::size_t>(f32.elements()));
    for_each_pair(entry.layout,
                  [&](std::int64_t from, std::int64_t to) { values[static_cast<std::size_t>(to)] = ours[from]; });
    stored.push_back(io::stored_tensor<float>(prefix + entry.name, entry.file_shape, values));
  }
  return stored;
}

void check_weights(const io::Safetensors& source, const std::string& file, nn::Module& network,
                   const std::string& prefix) {
  const std::vector<std::string> found = differences(entries_of(network), source, prefix);
  NN_CHECK(found.empty(), file, " does not fit the network: ", summary(found));
}

void import_weights(const io::Safetensors& source, const std::string& file, nn::Module& network,
                    const std::string& prefix) {
  check_weights(source, file, network, prefix);
  for (const Entry& entry : entries_of(network)) {
    const std::vector<float> values = source.at(prefix + entry.name).values<float>();
    const Tensor f32 = Tensor::empty(entry.tensor.shape());
    float* ours = f32.data<float>();
    for_each_pair(entry.layout,
                  [&](std::int64_t to, std::int64_t from) { ours[to] = values[static_cast<std::size_t>(from)]; });
    nn::copy_converted(f32, entry.tensor);
  }
  for (const auto& [path, parameter] : network.parameters()) parameter->update_copy();
}

}  // namespace train
