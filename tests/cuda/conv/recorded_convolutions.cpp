#include "tests/cuda/conv/recorded_convolutions.h"

#include "models/registry.h"
#include "nn/autograd/tape.h"
#include "nn/kernels/conv_pool.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/normalize_conv.h"

namespace test {
namespace {

using nn::ConvEpilogue;
using nn::ConvGeometry;
using nn::ConvPrologue;
using nn::Tensor;
using Pass = RecordedConvolution::Pass;

std::vector<RecordedConvolution>* recorded = nullptr;

// Zeros are written: what runs next reads them.
void record_forward(const Tensor& x, const Tensor& w, const ConvPrologue& /*prologue*/, const ConvEpilogue& epilogue,
                    const ConvGeometry& geometry, const Tensor& y) {
  nn::fill(0, y);
  recorded->push_back({.pass = Pass::forward,
                       .x = x.shape(),
                       .w = w.shape(),
                       .geometry = geometry,
                       .bias = epilogue.bias.defined() || epilogue.scale.defined() || epilogue.shift.defined(),
                       .relu = epilogue.relu});
}
void record_backward_data(const Tensor& /*dy*/, const Tensor& w, const ConvGeometry& geometry, const Tensor& dz,
                          float beta) {
  nn::fill(0, dz);
  recorded->push_back({.pass = Pass::backward_data,
                       .x = dz.shape(),
                       .w = w.shape(),
                       .geometry = geometry,
                       .beta = beta,
                       .dense = dz.contiguous()});
}
void record_backward_weights(const Tensor& x, const Tensor& /*dy*/, const ConvPrologue& /*prologue*/,
                             const ConvGeometry& geometry, const Tensor& dw, float beta) {
  nn::fill(0, dw);
  recorded->push_back(
      {.pass = Pass::backward_weights, .x = x.shape(), .w = dw.shape(), .geometry = geometry, .beta = beta});
}

/// The CPU's convolutions are the recording ones as long as this object lives, one kernel for each pass as on a GPU.
class Recording {
 public:
  explicit Recording(std::vector<RecordedConvolution>& list) {
    recorded = &list;
    nn::conv2d_forward.set(nn::Device::cpu, record_forward);
    nn::conv2d_backward_data.set(nn::Device::cpu, record_backward_data);
    nn::conv2d_backward_weights.set(nn::Device::cpu, record_backward_weights);
    nn::normalize_conv2d_backward.set(nn::Device::cpu, nn::normalize_conv2d_backward_by_parts);
    nn::conv2d_max_pool_forward.set(nn::Device::cpu, nn::conv2d_max_pool_forward_by_parts);
  }
  ~Recording() {
    nn::conv2d_forward = forward_;
    nn::conv2d_backward_data = backward_data_;
    nn::conv2d_backward_weights = backward_weights_;
    nn::normalize_conv2d_backward = normalize_backward_;
    nn::conv2d_max_pool_forward = max_pool_forward_;
    recorded = nullptr;
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  decltype(nn::conv2d_forward) forward_ = nn::conv2d_forward;
  decltype(nn::conv2d_backward_data) backward_data_ = nn::conv2d_backward_data;
  decltype(nn::conv2d_backward_weights) backward_weights_ = nn::conv2d_backward_weights;
  decltype(nn::normalize_conv2d_backward) normalize_backward_ = nn::normalize_conv2d_backward;
  decltype(nn::conv2d_max_pool_forward) max_pool_forward_ = nn::conv2d_max_pool_forward;
};

/// Gives the convolution that ran last the name of its layer.
class Namer final : public nn::LayerObserver {
 public:
  void note(const nn::LayerNote& note) override {
    if (std::string(note.kind) == "Conv2d") recorded->back().layer = note.path;
  }
};

/// Gradients get the name of the last layer of the same shapes.
void name_backward(std::vector<RecordedConvolution>& list) {
  for (RecordedConvolution& backward : list) {
    for (const RecordedConvolution& forward : list) {
      if (forward.pass != Pass::forward || !backward.layer.empty()) continue;
      if (forward.x == backward.x && forward.w == backward.w) backward.layer = forward.layer;
    }
  }
}

}  // namespace

std::vector<RecordedConvolution> convolutions_of(const std::string& model, std::int64_t size, bool training) {
  std::vector<RecordedConvolution> list;
  const auto network = models::make_model(model, {.size = size});
  const Recording recording(list);
  Namer namer;
  nn::Tape tape;
  const nn::Variable x(Tensor::zeros({1, size, size, 3}), training ? &tape : nullptr);
  const nn::Context context{
      .training = training, .random_state = Tensor::from({1, 1, 1, 4}, {1, 2, 3, 4}), .observer = &namer};
  const nn::Variable logits = (*network)(x, context);
  if (training) tape.backward_from(logits, Tensor::zeros(logits.shape()));
  name_backward(list);
  // The CPU computes linear layers as convolutions too.
  std::erase_if(list, [](const RecordedConvolution& convolution) { return convolution.layer.empty(); });
  return list;
}

}  // namespace test
