#include "train/initial_weights.h"

#include <algorithm>
#include <numeric>

#include "train/checkpoint.h"

namespace train {
namespace {

double mean_of(const std::array<double, 3>& values) { return std::accumulate(values.begin(), values.end(), 0.0) / 3; }

/// The first few; a file of torchvision's leaves out a counter for every batch norm.
std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) text += nn::message(" and ", names.size() - shown, " more");
  return text.empty() ? "nothing" : text;
}

}  // namespace

InitialWeights read_initial_weights(const TrainConfig& config, const RunDirectory& directory, Start start) {
  if (config.weights.empty()) return {};
  if (start == Start::from_checkpoint && std::filesystem::exists(directory.checkpoint())) {
    return {.origin = read_checkpoint_origin(directory.checkpoint())};
  }
  InitialWeights weights{.pretrained = read_pretrained(config.weights, config.model)};
  weights.origin = origin_of(*weights.pretrained);
  NN_CHECK(config.weights_sha256.empty() || config.weights_sha256 == weights.origin->sha256, config.weights,
           ": its SHA-256 is ", weights.origin->sha256, ", expected ", config.weights_sha256,
           ": this is not the file that was meant");
  return weights;
}

void apply_scaling(PictureScaling scaling, Preprocessing& preprocessing) {
  const ScalingNumbers& picture = numbers(scaling);
  const auto channels = static_cast<std::size_t>(preprocessing.channels());
  if (channels == picture.mean.size()) {
    preprocessing.mean.resize(channels);
    preprocessing.deviation.resize(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const bool is_colour = preprocessing.images == ImageKind::pictures;
      const std::size_t at = is_colour ? static_cast<std::size_t>(picture.order[c]) : c;
      preprocessing.mean[at] = picture.mean[c];
      preprocessing.deviation[at] = picture.deviation[c];
    }
  } else {
    preprocessing.mean.assign(channels, mean_of(picture.mean));
    preprocessing.deviation.assign(channels, mean_of(picture.deviation));
  }
}

std::string describe(const Pretrained& pretrained, const ImportReport& report) {
  return nn::message(describe(pretrained), "; ", report.loaded.size(),
                     " tensors loaded; left out: ", list_of(report.left_out), "; new: ", list_of(report.fresh));
}

}  // namespace train
