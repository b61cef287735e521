#include "train/tune_convolutions.h"

#include <algorithm>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/cpu/target/simd_target.h"
#include "nn/layers/conv2d.h"

namespace train {
namespace {

using nn::cpu::ConvKey;
using nn::cpu::ConvPass;

/// The passes of a network's convolutions for which there is a choice, each once.
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
  const std::vector<ConvKey>& passes() const { return passes_; }

 private:
  void add(ConvPass pass, const nn::Shape& input, const nn::Conv2d& conv) {
    const nn::Shape& w = conv.weight().shape();
    if (nn::cpu::possible_algorithms(w, conv.geometry(), nn::DType::f32).size() < 2) return;
    const ConvKey key = conv_key(pass, input, w, conv.geometry());
    if (std::find(passes_.begin(), passes_.end(), key) == passes_.end()) passes_.push_back(key);
  }

  bool training_, first_ = true;
  std::vector<ConvKey> passes_;
};

}  // namespace

std::optional<ConvChoices> tune_convolutions(nn::Module& network, const Tuning& tuning) {
  PassCollector collector(tuning.training);
  const nn::Shape image{1, tuning.input.h, tuning.input.w, tuning.input.c};
  network(nn::Variable(nn::Tensor::zeros(image)), {.observer = &collector});
  const std::int64_t images = std::min(tuning.input.n, most_timed_images);
  const auto total = static_cast<std::int64_t>(collector.passes().size());
  const auto table = std::make_shared<nn::cpu::ConvTable>();
  std::int64_t done = 0;
  for (const ConvKey& key : collector.passes()) {
    table->add(decide(key, tuning.make_time(key, images)));
    if (tuning.progress && !tuning.progress(++done, total)) return std::nullopt;
  }
  return ConvChoices{.simd = nn::cpu::simd_target(), .threads = nn::thread_count(), .images = images, .table = table};
}

}  // namespace train
