// Reverse-mode differentiation as a list: ops run at once and append one named closure each; backward() runs them from
// the end. No graph, no sort, no scheduler.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "nn/autograd/variable.h"

namespace nn {

class Tape {
 public:
  /// Called by an op after its forward kernel. `name` lives as long as the program: a string literal.
  void record(const char* name, std::function<void()> backward);

  /// Gradients of scale * loss for every variable with a gradient; `loss` has one element and was computed on this
  /// tape. Each closure is destroyed as soon as it has run, which frees the tensors it saved. The tape is empty
  /// afterwards.
  void backward(const Variable& loss, double scale = 1.0);
  /// The same from a given gradient of `output`, of output's shape.
  void backward_from(const Variable& output, const Tensor& gradient);

  std::size_t size() const { return entries_.size(); }
  /// Names in the order of recording.
  std::vector<const char*> names() const;
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    const char* name;
    std::function<void()> backward;
  };
  void unwind();

  std::vector<Entry> entries_;
};

}  // namespace nn
