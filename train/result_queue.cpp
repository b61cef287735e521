#include "train/result_queue.h"

#include <utility>

#include "nn/tensor/copy.h"

namespace train {

ResultQueue::~ResultQueue() {
  try {
    while (size() > 0) pop();
  } catch (...) {  // a device that has failed copies nothing any more
  }
}

ResultQueue::Slot ResultQueue::free_slot(const nn::Tensor& result) {
  for (std::size_t i = 0; i < free_.size(); ++i) {
    const nn::Tensor& room = free_[i].on_host;
    if (room.shape() != result.shape() || room.dtype() != result.dtype()) continue;
    Slot slot = std::move(free_[i]);
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
    return slot;
  }
  if (device_ == nn::Device::cpu) return {nn::Tensor(), nn::Tensor::empty(result.shape(), result.dtype()), nullptr};
  return {nn::Tensor::empty(result.shape(), result.dtype(), device_),
          nn::Tensor::pinned(result.shape(), result.dtype()), nn::require_runtime(device_).make_transfer()};
}

void ResultQueue::push(const nn::Tensor& result) {
  Slot slot = free_slot(result);
  if (device_ == nn::Device::cpu) {
    nn::copy_into(result, slot.on_host);
  } else {
    nn::copy_into(result, slot.on_device);  // in order with the kernels: the next step writes `result` again
    slot.transfer->download(nn::row_copy(slot.on_device, slot.on_host));
  }
  waiting_.push_back(std::move(slot));
}

nn::Tensor ResultQueue::pop() {
  NN_CHECK(!waiting_.empty(), "[result_queue] no result is on its way");
  Slot slot = std::move(waiting_.front());
  waiting_.pop_front();
  if (slot.transfer) slot.transfer->wait();
  nn::Tensor result = nn::clone(slot.on_host);
  free_.push_back(std::move(slot));
  return result;
}

}  // namespace train
