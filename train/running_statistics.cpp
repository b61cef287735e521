#include "train/running_statistics.h"

#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace train {

RunningStatistics::RunningStatistics(nn::Module& network) {
  const std::vector<nn::NamedBuffer> buffers = network.buffers();
  if (buffers.empty()) return;
  // Each begins on 64 bytes, as parameters do.
  const auto padded = [](const nn::Tensor& buffer) { return (buffer.elements() + 15) / 16 * 16; };
  std::int64_t elements = 0;
  for (const auto& [path, buffer] : buffers) elements += padded(*buffer);
  const nn::Tensor& first = *buffers.front().buffer;
  values_ = nn::Tensor::zeros(nn::vector_shape(elements), first.dtype(), first.device());
  saved_ = nn::Tensor::zeros(values_.shape(), values_.dtype(), values_.device());
  std::int64_t offset = 0;
  for (const auto& [path, buffer] : buffers) {
    const nn::Tensor place = values_.flat_range(offset, buffer->shape());
    nn::copy_into(*buffer, place);
    offset += padded(*buffer);
    *buffer = place;
  }
}

void RunningStatistics::save() const {
  if (values_.defined()) nn::copy_into(values_, saved_);
}

void RunningStatistics::restore_if(const nn::Tensor& flag) const {
  if (values_.defined()) nn::copy_if(flag, saved_, values_);
}

}  // namespace train
