// Queues copies of rows, the only place that knows cudaMemcpy.
#pragma once

#include <cuda_runtime_api.h>

#include "nn/core/device_runtime.h"

namespace cuda {

/// Queues the copy on the stream.
void queue_copy(const nn::RowCopy& copy, cudaStream_t stream);
/// True if one side is host memory that is not page-locked: the driver copies it by way of its own buffer.
bool touches_ordinary_host_memory(const nn::RowCopy& copy);

}  // namespace cuda
