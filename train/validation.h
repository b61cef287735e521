// A network on the validation part: logits of every image, and what they are worth.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "nn/layers/module.h"
#include "train/data/loader.h"
#include "train/evaluation/metrics.h"
#include "train/inference.h"

namespace train {

/// Called after every batch with the images done so far, of how many; false stops.
using KeepGoing = std::function<bool(std::int64_t done, std::int64_t total)>;

/// Logits of all images of the loader, in its order. Nothing if it was stopped.
std::optional<std::vector<Probabilities>> predict_logits(Inference& inference, Loader& loader,
                                                         const KeepGoing& keep_going = {});
/// The same on the CPU.
std::optional<std::vector<Probabilities>> predict_logits(nn::Module& network, Loader& loader,
                                                         const KeepGoing& keep_going = {});

/// 1 / (1 + exp(-x)) of each.
Probabilities sigmoid(const Probabilities& logits);
std::vector<Probabilities> sigmoid(std::span<const Probabilities> logits);

/// The loss that training minimises (formula in nn/kernels/loss.h), in float64: per label the mean BCE over the images
/// where it is known, then the weighted mean over the labels known somewhere. NaN if nothing is known.
double weighted_loss(std::span<const Probabilities> logits, std::span<const ImageLabels> labels,
                     const Probabilities& weights);

}  // namespace train
