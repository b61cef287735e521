// The only two kernels of the backend that are no library's: they run a body, a struct that says what one thread does.
// A body compiles for the CPU too, where tests run it thread by thread.
#pragma once

#include <cstdint>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/launch.h"

namespace cuda {

template <class Body>
__global__ void __launch_bounds__(block_threads) each_thread(const __grid_constant__ Body body) {
  body(blockIdx.x, threadIdx.x);
}

/// What the threads of a block have loaded is combined in halves, in an order that depends on nothing but their
/// numbers.
template <class Body>
__global__ void __launch_bounds__(block_threads) each_block(const __grid_constant__ Body body) {
  __shared__ typename Body::Shared shared;
  body.load(blockIdx.x, threadIdx.x, shared);
  __syncthreads();
  for (std::uint32_t step = body.first_step(); step > 0; step /= 2) {
    body.combine(threadIdx.x, step, shared);
    __syncthreads();
  }
  body.write(blockIdx.x, threadIdx.x, shared);
}

/// Queues body(block, thread) for every thread of `blocks` blocks.
template <class Body>
void launch(const Body& body, std::int64_t blocks) {
  if (blocks == 0) return;
  each_thread<<<static_cast<unsigned>(blocks), block_threads, 0, context().stream()>>>(body);
  CUDA_CHECK(cudaGetLastError());
}

/// Queues a body that combines: see each_block.
template <class Body>
void launch_combining(const Body& body, std::int64_t blocks) {
  if (blocks == 0) return;
  each_block<<<static_cast<unsigned>(blocks), block_threads, 0, context().stream()>>>(body);
  CUDA_CHECK(cudaGetLastError());
}

}  // namespace cuda
