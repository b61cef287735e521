#include "nn/kernels/conv_pool.h"

namespace nn {

NN_FILL_KERNEL(conv2d_max_pool_forward, Device::cuda, conv2d_max_pool_forward_by_parts);

}  // namespace nn
