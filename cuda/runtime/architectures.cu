#include "cuda/runtime/architectures.h"

#include <algorithm>

namespace cuda {

int oldest_architecture() { return std::min({__CUDA_ARCH_LIST__}); }  // nvcc's own list: 800,900

}  // namespace cuda
