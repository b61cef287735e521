// Is one set of predictions better than another, or was it luck? The bootstrap by patients (Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993): images of one patient are alike, so whole patients are drawn.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "train/evaluation/metrics.h"

namespace train {

struct BootstrapOptions {
  int resamples = 2000;
  double confidence = 0.95;
  std::uint64_t seed = 0;
};

/// A difference of weighted log losses, and where it lies in `confidence` of the resamples (the percentile interval).
struct DifferenceInterval {
  double difference = 0;  // of a minus that of b: negative if a is better
  double low = 0, high = 0;
  std::int64_t groups = 0;  // that were drawn from
};

/// a[i], b[i] and labels[i] belong to one image, groups[i] says whose it is. Each resample draws as many groups as
/// there are, with replacement, and scores all their images. The same seed gives the same interval. Throws nn::Error
/// for lengths that differ and for no image.
DifferenceInterval bootstrap_difference(std::span<const Probabilities> a, std::span<const Probabilities> b,
                                        std::span<const ImageLabels> labels, std::span<const std::string> groups,
                                        const BootstrapOptions& options = {});

}  // namespace train
