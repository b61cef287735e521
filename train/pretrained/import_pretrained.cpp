// Putting pretrained weights into a network: what is loaded, what is left out, what stays.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "io/files/printable.h"
#include "train/pretrained/pretrained.h"
#include "train/weights.h"

namespace train {
namespace {

using io::StoredTensor;

constexpr const char* own_head = "head.";
constexpr const char* files_head = "classifier.";

bool any_below(const std::vector<StoredTensor>& tensors, std::string_view prefix) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const StoredTensor& t) { return t.name.starts_with(prefix); });
}

std::string to_string(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t length : shape) text += (text.empty() ? "" : " x ") + std::to_string(length);
  return text;
}

/// w_new[:, k] = sum over rgb of w[:, rgb] / channels, for {out, in, height, width}.
StoredTensor for_channels(const StoredTensor& weight, std::int64_t channels) {
  const std::int64_t out = weight.shape[0], in = weight.shape[1], pixels = weight.shape[2] * weight.shape[3];
  const std::vector<float> from = weight.values<float>();
  std::vector<float> to;
  to.reserve(static_cast<std::size_t>(out * channels * pixels));
  for (std::int64_t o = 0; o < out; ++o) {
    std::vector<double> sum(static_cast<std::size_t>(pixels), 0.0);
    for (std::int64_t i = 0; i < in * pixels; ++i) {
      sum[static_cast<std::size_t>(i % pixels)] += from[static_cast<std::size_t>(o * in * pixels + i)];
    }
    for (std::int64_t k = 0; k < channels; ++k) {
      for (const double value : sum) to.push_back(static_cast<float>(value / static_cast<double>(channels)));
    }
  }
  return io::stored_tensor<float>(weight.name, {out, channels, weight.shape[2], weight.shape[3]}, to);
}

/// w_new[:, order[c]] = w[:, c], for {out, 3, height, width}: channel c of the file's network was colour order[c].
StoredTensor in_red_green_blue(const StoredTensor& weight, const std::array<int, 3>& order) {
  const std::vector<float> from = weight.values<float>();
  std::vector<float> to(from.size());
  const auto pixels = static_cast<std::size_t>(weight.shape[2] * weight.shape[3]);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t out = i / (3 * pixels), channel = i / pixels % 3;
    to[(out * 3 + static_cast<std::size_t>(order[channel])) * pixels + i % pixels] = from[i];
  }
  return io::stored_tensor<float>(weight.name, weight.shape, to);
}

/// True for the file's three colours where the network has another number of channels.
bool differs_in_channels(const StoredTensor& file, const StoredTensor& network) {
  return file.shape.size() == 4 && network.shape.size() == 4 && file.shape[1] == 3 &&
         file.shape[0] == network.shape[0] && file.shape[2] == network.shape[2] && file.shape[3] == network.shape[3];
}

/// A variance below zero would make every output NaN.
bool is_negative_variance(const StoredTensor& tensor) {
  if (!tensor.name.ends_with(".running_var")) return false;
  const std::vector<float> values = tensor.values<float>();
  return std::any_of(values.begin(), values.end(), [](float v) { return v < 0; });
}

bool is_finite(const StoredTensor& tensor) {
  const std::vector<float> values = tensor.values<float>();
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

/// Compares the file with the network and gathers what goes in and what is wrong.
class Import {
 public:
  Import(const Pretrained& pretrained, nn::Module& network, const ImportOptions& options)
      : pretrained_(pretrained), options_(options), network_(network), mine_{export_weights(network), {}} {
    for (const StoredTensor& tensor : pretrained.weights.tensors) file_[tensor.name] = &tensor;
    first_layer_ = first_convolution();
    report_.left_out = pretrained.left_out;
  }

  ImportReport run() {
    for (StoredTensor& tensor : mine_.tensors) fill(tensor);
    for (const auto& [name, tensor] : file_) pass_over(name);
    NN_CHECK(!report_.loaded.empty(), place(), ": none of its ", file_.size(), " tensors belongs to the network",
             file_.empty() ? "" : ", the first is " + io::printable(file_.begin()->first));
    throw_problems();
    import_weights(mine_, place(), network_);
    for (auto* names : {&report_.loaded, &report_.left_out, &report_.fresh}) std::sort(names->begin(), names->end());
    return report_;
  }

 private:
  std::string place() const { return pretrained_.file.string(); }

  std::string first_convolution() const {
    for (const StoredTensor& tensor : mine_.tensors) {
      if (tensor.shape.size() == 4) return tensor.name;
    }
    return {};
  }

  /// A tensor of the network takes the file's values, or stays, or is a problem.
  void fill(StoredTensor& tensor) {
    const auto found = file_.find(tensor.name);
    if (found == file_.end()) {
      if (tensor.name.starts_with(own_head) || options_.partial) {
        report_.fresh.push_back(tensor.name);
      } else {
        missing_.push_back(tensor.name);
      }
      return;
    }
    const StoredTensor& stored = *found->second;
    report_.loaded.push_back(tensor.name);
    taken_.insert(tensor.name);
    if (!is_finite(stored)) {
      misshaped_.push_back(tensor.name + " holds infinite values or none");
    } else if (is_negative_variance(stored)) {
      misshaped_.push_back(tensor.name + " holds negative variances");
    } else if (stored.shape == tensor.shape) {
      const bool turn = options_.red_green_blue && tensor.name == first_layer_ && stored.shape[1] == 3;
      tensor.bytes = turn ? in_red_green_blue(stored, numbers(pretrained_.scaling).order).bytes : stored.bytes;
    } else if (tensor.name == first_layer_ && differs_in_channels(stored, tensor)) {
      tensor.bytes = for_channels(stored, tensor.shape[1]).bytes;
    } else {
      misshaped_.push_back(tensor.name + " is " + to_string(stored.shape) + " instead of " + to_string(tensor.shape));
    }
  }

  /// A tensor of the file that the network lacks is its classifier, or a problem.
  void pass_over(const std::string& name) {
    if (taken_.contains(name)) return;
    const bool other_head = name.starts_with(files_head) && !any_below(mine_.tensors, files_head);
    (other_head ? report_.left_out : surplus_).push_back(name);
  }

  void throw_problems() const {
    std::string text;
    const auto list = [&](const char* what, const std::vector<std::string>& names) {
      if (names.empty()) return;
      text += nn::message(text.empty() ? "" : "; ", names.size(), " ", what, ": ");
      for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : ", ") + io::printable(names[i]);
    };
    list("missing", missing_);
    list("surplus", surplus_);
    list("of wrong contents", misshaped_);
    NN_CHECK(text.empty(), place(), " does not fit the network: ", text);
  }

  const Pretrained& pretrained_;
  ImportOptions options_;
  nn::Module& network_;
  io::Safetensors mine_;  // what the network holds, and then what it will hold
  std::map<std::string, const StoredTensor*> file_;
  std::string first_layer_;
  ImportReport report_;
  std::set<std::string> taken_;
  std::vector<std::string> missing_, surplus_, misshaped_;
};

}  // namespace

ImportReport import_pretrained(const Pretrained& pretrained, nn::Module& network, const ImportOptions& options) {
  return Import(pretrained, network, options).run();
}

}  // namespace train
