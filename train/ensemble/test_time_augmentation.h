// Test-time augmentation: an image is predicted as several views of it, and the views' probabilities are averaged.
//
// Probabilities, not logits: the mean of the views is then the same kind of mixture as the mean of a member's folds and
// the fitted combination of members, and one view with an extreme logit cannot carry the others. The log loss of a mean
// is never above the mean of the views' log losses, since -ln p is convex.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "train/data/augment.h"

namespace train {

enum class TestTimeAugmentation {
  none,       // the image as it is
  flip,       // and left and right exchanged: 2 views
  flip_shift  // both, each also shifted right and down, and left and up, by `view_shift`: 6 views
};

/// Of the picture's side: 4 pixels of 128. Within what augmentation shifts in training.
inline constexpr double view_shift = 1.0 / 32;

/// "none", "flip", "flip-shift".
const char* name(TestTimeAugmentation augmentation);
/// Throws nn::Error that lists the names for any other.
TestTimeAugmentation test_time_augmentation(std::string_view name);

/// The views, always the same; the first is the image as it is.
std::vector<Augmentation> views(TestTimeAugmentation augmentation);

}  // namespace train
