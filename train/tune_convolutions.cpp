#include "train/tune_convolutions.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/cpu/target/simd_target.h"
#include "nn/layers/conv2d.h"

namespace train {
namespace {

using nn::cpu::ConvKey;
using nn::cpu::ConvPass;

struct Pass {
  ConvKey key;
  std::int64_t uses;  // layers of this shape
};

/// The passes of a network's convolutions for which there is a choice, each shape once.
class PassCollector : public nn::LayerObserver {
 public:
  explicit PassCollector(bool training) : training_(training) {}

  void note(const nn::LayerNote& note) override {
    const auto* conv = dynamic_cast<const nn::Conv2d*>(note.layer);
    if (conv == nullptr) return;
    const bool reads_input = std::exchange(first_, false);  // whose gradient nobody wants
    add(ConvPass::forward, note.input, *conv);
    if (!training_) return;
    if (!reads_input) add(ConvPass::backward_data, note.input, *conv);
    add(ConvPass::backward_weights, note.input, *conv);
  }
  const std::vector<Pass>& passes() const { return passes_; }

 private:
  void add(ConvPass pass, const nn::Shape& input, const nn::Conv2d& conv) {
    const nn::Shape& w = conv.weight().shape();
    if (nn::cpu::possible_algorithms(w, conv.geometry(), nn::DType::f32).size() < 2) return;
    const ConvKey key = conv_key(pass, input, w, conv.geometry());
    const auto known = std::find_if(passes_.begin(), passes_.end(), [&](const Pass& p) { return p.key == key; });
    known == passes_.end() ? passes_.push_back({key, 1}) : void(++known->uses);
  }

  bool training_, first_ = true;
  std::vector<Pass> passes_;
};

double milliseconds_of(const nn::cpu::ConvDecision& decision, nn::cpu::ConvAlgorithm algorithm) {
  const auto time = std::find_if(decision.times.begin(), decision.times.end(),
                                 [&](const auto& timed) { return timed.algorithm == algorithm; });
  return time->milliseconds;  // of every algorithm that is possible there is one
}

/// Adds what a pass costs in so many batches of the size that was timed.
void count(const nn::cpu::ConvDecision& decision, double batches, TunedConvolutions& tuned) {
  const ConvKey& key = decision.key;
  const auto usual = usual_conv_algorithm(key.pass, key.x, key.w, key.geometry, nn::DType::f32);
  const double before = milliseconds_of(decision, usual);
  ++tuned.passes;
  tuned.changed += decision.algorithm != usual ? 1 : 0;
  tuned.milliseconds += batches * before;
  tuned.milliseconds_saved += batches * (before - milliseconds_of(decision, decision.algorithm));
}

}  // namespace

std::string describe(const TunedConvolutions& tuned) {
  if (tuned.changed == 0) return fmt::format("all {} passes run by auto's algorithms", tuned.passes);
  return fmt::format("{} of {} passes run by another algorithm than auto's, which saves {:.3g} of {:.3g} ms a batch",
                     tuned.changed, tuned.passes, tuned.milliseconds_saved, tuned.milliseconds);
}

std::optional<TunedConvolutions> tune_convolutions(nn::Module& network, const Tuning& tuning) {
  PassCollector collector(tuning.training);
  const nn::Shape image{1, tuning.input.h, tuning.input.w, tuning.input.c};
  network(nn::Variable(nn::Tensor::zeros(image)), {.observer = &collector});
  const std::int64_t images = std::min(tuning.input.n, most_timed_images);
  const auto total = static_cast<std::int64_t>(collector.passes().size());
  const double batches = static_cast<double>(tuning.input.n) / static_cast<double>(images);
  const auto table = std::make_shared<nn::cpu::ConvTable>();
  TunedConvolutions tuned;
  std::int64_t done = 0;
  for (const auto& [key, uses] : collector.passes()) {
    table->add(decide(key, tuning.make_time(key, images)));
    count(table->decisions().back(), batches * static_cast<double>(uses), tuned);
    if (tuning.progress && !tuning.progress(++done, total)) return std::nullopt;
  }
  tuned.choices = {.simd = nn::cpu::simd_target(), .threads = nn::thread_count(), .images = images, .table = table};
  return tuned;
}

}  // namespace train
