// Every call of a CUDA library is checked: what it answers becomes an nn::Error that names the call.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "nn/core/error.h"

namespace cuda {

inline void check(cudaError_t status, const char* call) {
  NN_CHECK(status == cudaSuccess, "[cuda] ", call, ": ", cudaGetErrorString(status));
}
inline void check(cudnnStatus_t status, const char* call) {
  NN_CHECK(status == CUDNN_STATUS_SUCCESS, "[cudnn] ", call, ": ", cudnnGetErrorString(status));
}
inline void check(cublasStatus_t status, const char* call) {
  NN_CHECK(status == CUBLAS_STATUS_SUCCESS, "[cublas] ", call, ": ", cublasLtGetStatusString(status));
}

}  // namespace cuda

/// CUDA_CHECK(cudaMemsetAsync(to, 0, bytes, stream));
#define CUDA_CHECK(call) ::cuda::check((call), #call)
