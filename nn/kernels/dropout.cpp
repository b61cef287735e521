#include "nn/kernels/dropout.h"

#include "nn/kernels/check.h"

namespace nn {

void check_dropout(const Tensor& x, const Tensor& random_state, const DropoutSettings& settings, const Tensor& y) {
  check_same("dropout", x, y);
  NN_CHECK(settings.probability >= 0 && settings.probability < 1, "[dropout] the probability must be in [0, 1), is ",
           settings.probability);
  NN_CHECK(random_state.defined() && random_state.elements() == 4, "[dropout] needs a random state of 4 numbers");
}

}  // namespace nn
