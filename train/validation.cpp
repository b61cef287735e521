#include "train/validation.h"

#include <algorithm>
#include <cmath>

namespace train {
namespace {

void append_rows(const nn::Tensor& logits, std::vector<Probabilities>& all) {
  NN_CHECK(logits.c() == io::label_count, "[validation] the network gives ", logits.c(), " numbers an image, expected ",
           io::label_count);
  for (std::int64_t row = 0; row < logits.rows(); ++row) {
    Probabilities& values = all.emplace_back();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(logits.row<float>(row)[i]);
  }
}

/// -(y ln s(x) + (1 - y) ln(1 - s(x))) without overflow: max(x, 0) - x y + ln(1 + exp(-|x|)).
double bce_of_logit(double x, double y) { return std::max(x, 0.0) - x * y + std::log1p(std::exp(-std::abs(x))); }

}  // namespace

std::optional<std::vector<Probabilities>> predict_logits(Inference& inference, Loader& loader,
                                                         const KeepGoing& keep_going) {
  std::vector<Probabilities> logits;
  logits.reserve(static_cast<std::size_t>(loader.images()));
  const auto finish_one = [&] {
    append_rows(inference.finish(), logits);
    return !keep_going || keep_going(static_cast<std::int64_t>(logits.size()), loader.images());
  };
  bool going = true;
  loader.start(0);
  while (const std::optional<Batch> batch = loader.next()) {
    inference.start(*batch);
    if (inference.should_finish()) going = finish_one();
    if (!going) break;
  }
  loader.stop();
  while (inference.unfinished() > 0) going = finish_one() && going;
  if (!going) return std::nullopt;
  return logits;
}

std::optional<std::vector<Probabilities>> predict_logits(nn::Module& network, Loader& loader,
                                                         const KeepGoing& keep_going) {
  Inference inference(network, {});
  return predict_logits(inference, loader, keep_going);
}

Probabilities sigmoid(const Probabilities& logits) {
  Probabilities probabilities;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double e = std::exp(-std::abs(logits[i]));
    probabilities[i] = (logits[i] >= 0 ? 1 : e) / (1 + e);
  }
  return probabilities;
}

std::vector<Probabilities> sigmoid(std::span<const Probabilities> logits) {
  std::vector<Probabilities> probabilities;
  probabilities.reserve(logits.size());
  for (const Probabilities& row : logits) probabilities.push_back(sigmoid(row));
  return probabilities;
}

double weighted_loss(std::span<const Probabilities> logits, std::span<const ImageLabels> labels,
                     const Probabilities& weights) {
  NN_CHECK(logits.size() == labels.size(), "[weighted_loss] ", logits.size(), " predictions and ", labels.size(),
           " labels");
  double loss = 0, weight = 0;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    double sum = 0;
    std::int64_t known = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (!labels[i].known[l]) continue;
      sum += bce_of_logit(logits[i][l], static_cast<double>(labels[i].value[l]));
      ++known;
    }
    if (known == 0) continue;
    loss += weights[l] * sum / static_cast<double>(known);
    weight += weights[l];
  }
  return weight > 0 ? loss / weight : std::nan("");
}

}  // namespace train
