// The running statistics of all batch norms in one flat buffer: saved and taken back by one copy each.
#pragma once

#include "nn/layers/module.h"

namespace train {

/// A batch with a NaN in it would leave it in the running statistics for good: they are part of what a skipped step
/// must not change.
class RunningStatistics {
 public:
  /// Rebinds the network's buffers into the flat one, where they are: on their device, all of one type.
  explicit RunningStatistics(nn::Module& network);

  void save() const;
  /// Takes back what has changed since save(), if `flag` is not 0: one f64 on the device, which the host need not know.
  void restore_if(const nn::Tensor& flag) const;

 private:
  nn::Tensor values_, saved_;  // undefined if the network has none
};

}  // namespace train
