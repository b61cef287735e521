// The only two kernels of the backend that are no library's: they run a body, a struct that says what one thread does.
// Compiled by nvcc they run on the GPU; compiled as ordinary C++ the threads run one after the other, which is how
// tests/threads proves what they compute. It does not show that they may run at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "cuda/launch.h"

#if defined(__CUDACC__)

#include "cuda/check.h"
#include "cuda/context.h"

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

#else

#include <cstring>

#include "nn/core/error.h"

namespace cuda {

/// Scratch memory of one kernel call, of the host.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes)
      : words_(bytes > 0 ? std::make_unique<double[]>((bytes + sizeof(double) - 1) / sizeof(double)) : nullptr) {}
  void* data() const { return words_.get(); }

 private:
  std::unique_ptr<double[]> words_;
};

template <class Body>
void launch(const Body& body, std::int64_t blocks) {
  for (std::uint32_t block = 0; block < blocks; ++block) {
    for (std::uint32_t thread = 0; thread < block_threads; ++thread) body(block, thread);
  }
}

/// As each_block: all threads end a step before one begins the next. Within a step the first thread may go first or
/// last: an error if that makes a difference.
template <class Body>
void launch_combining(const Body& body, std::int64_t blocks) {
  const auto shared = std::make_unique<typename Body::Shared>(), backwards = std::make_unique<typename Body::Shared>();
  for (std::uint32_t block = 0; block < blocks; ++block) {
    for (std::uint32_t thread = 0; thread < block_threads; ++thread) body.load(block, thread, *shared);
    for (std::uint32_t step = body.first_step(); step > 0; step /= 2) {
      *backwards = *shared;
      for (std::uint32_t thread = 0; thread < block_threads; ++thread) body.combine(thread, step, *shared);
      for (std::uint32_t thread = block_threads; thread-- > 0;) body.combine(thread, step, *backwards);
      NN_CHECK(std::memcmp(shared.get(), backwards.get(), sizeof(*shared)) == 0, "[launch] threads of a step race");
    }
    for (std::uint32_t thread = 0; thread < block_threads; ++thread) body.write(block, thread, *shared);
  }
}

}  // namespace cuda

#endif
