// Which GPUs the kernels were compiled for.
#pragma once

namespace cuda {

/// The lowest compute capability among them: 800 for 8.0.
int oldest_architecture();

}  // namespace cuda
