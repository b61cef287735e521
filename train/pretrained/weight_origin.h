// Where the first weights of a network came from, if they were not random: kept with everything that grows from them.
#pragma once

#include <string>

#include "train/pretrained/pretrained.h"

namespace train {

/// Stored in the checkpoint, so that resuming needs the weight file no more, and in the model file.
struct WeightOrigin {
  std::string file;      // its name, without the directory
  std::string known_as;  // by the manifest in weights/; empty: unknown
  std::string sha256;    // of the file
  PictureScaling scaling = PictureScaling::torch;
  double batch_norm_epsilon = models::usual_batch_norm_epsilon;

  bool operator==(const WeightOrigin&) const = default;
};

WeightOrigin origin_of(const Pretrained& pretrained);

/// A JSON object without line ends.
std::string to_json(const WeightOrigin& origin);
/// Throws nn::Error for anything but what to_json writes; keys it does not know are passed over.
WeightOrigin weight_origin_from_json(const std::string& json);

}  // namespace train
