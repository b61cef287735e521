// Small results of steps on their way from the device: the host reads one while the next step runs.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/tensor/tensor.h"

namespace train {

class ResultQueue {
 public:
  explicit ResultQueue(nn::Device device) : device_(device) {}
  /// Waits for what is on its way: its memory must not go before.
  ~ResultQueue();
  ResultQueue(const ResultQueue&) = delete;
  ResultQueue& operator=(const ResultQueue&) = delete;

  /// Queues a copy of `result`, of the kernels queued so far; what comes later may overwrite it.
  void push(const nn::Tensor& result);
  /// The oldest result, on the CPU. Waits for it, and for nothing that was queued later.
  nn::Tensor pop();
  std::size_t size() const { return waiting_.size(); }

 private:
  /// The result twice: where no later step writes on the device, and in page-locked memory of the host.
  struct Slot {
    nn::Tensor on_device, on_host;
    std::unique_ptr<nn::Transfer> transfer;
  };
  Slot free_slot(const nn::Tensor& result);

  nn::Device device_;
  std::deque<Slot> waiting_;
  std::vector<Slot> free_;
};

}  // namespace train
