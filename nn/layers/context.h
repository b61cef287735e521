// What a forward pass is told besides its input.
#pragma once

#include <cstdint>
#include <string>

#include "nn/core/shape.h"
#include "nn/tensor/tensor.h"

namespace nn {

class Module;

/// One layer of a network as a forward pass met it, for tables and profiles.
struct LayerNote {
  std::string path;  // dotted name, as in the weight file
  const char* kind;  // "Conv2d"
  Shape input, output;
  std::int64_t parameters, multiply_adds;  // multiply_adds of one image
  const Module* layer;                     // itself, as long as its network lives
  bool with_next = false;                  // computed in one with the layer noted next, whose time is that of both
};

/// Is told of every leaf layer that runs.
class LayerObserver {
 public:
  virtual ~LayerObserver() = default;
  virtual void note(const LayerNote& note) = 0;
};

struct Context {
  bool training = false;
  /// In training too, batch norms take their running statistics and leave them as they are: for fine-tuning.
  bool frozen_batch_norm = false;
  /// {1,1,1,4} i32 on the network's device: seed (low, high), step (low, high). Dropout draws from it; in device
  /// memory, so that a recorded step can be replayed. Needed only in training.
  Tensor random_state{};
  LayerObserver* observer = nullptr;

  /// Whether a batch norm takes the statistics of the batch and moves the running ones towards them.
  bool batch_statistics() const { return training && !frozen_batch_norm; }
};

}  // namespace nn
