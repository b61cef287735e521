#include "train/inference.h"

#include "nn/ops/cast.h"
#include "nn/tensor/copy.h"

namespace train {
namespace {

nn::Tensor logits_of(nn::Module& network, const nn::Variable& input) {
  return nn::cast_to(network(input, nn::Context{}), nn::DType::f32).value();
}

}  // namespace

void move_to(const Compute& compute, nn::Module& network) {
  network.convert(nn::full_precision(compute.dtype), compute.device);
  network.compute_in(compute.dtype);
}

nn::Tensor infer(nn::Module& network, const nn::Tensor& input, const Compute& compute) {
  const nn::Variable x = nn::cast_to(nn::Variable(nn::to_device(input, compute.device)), compute.dtype);
  return nn::to_device(logits_of(network, x), nn::Device::cpu);
}

Inference::Inference(nn::Module& network, const Compute& compute)
    : network_(network),
      most_waiting_(compute.device == nn::Device::cpu ? 0 : 1),
      runner_(compute),
      results_(compute.device) {
  move_to(compute, network);
}

void Inference::start(const Batch& batch) {
  nn::Tensor logits;
  const BatchRunner::Ran ran = runner_.run(
      batch, [&](const DeviceBatch& uploaded) { logits = logits_of(network_, nn::Variable(uploaded.input)); });
  if (ran == BatchRunner::Ran::recorded) recorded_ = logits;
  results_.push(ran == BatchRunner::Ran::eagerly ? logits : recorded_);
}

}  // namespace train
