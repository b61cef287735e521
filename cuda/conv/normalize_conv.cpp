#include "nn/kernels/normalize_conv.h"

namespace nn {

NN_FILL_KERNEL(normalize_conv2d_backward, Device::cuda, normalize_conv2d_backward_by_parts);

}  // namespace nn
