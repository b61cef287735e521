// The only two kernels of the backend that are no library's: they run a body, a struct that says what one thread does.
// Compiled by nvcc they run on the GPU; compiled as ordinary C++ the threads run one after the other, which is how
// tests/threads proves what they compute, and by watching what they load and store, that they may run at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "cuda/launch/launch.h"

#if defined(__CUDACC__)

#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"

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
#include <type_traits>
#include <typeinfo>

#include "nn/core/error.h"

namespace cuda {

/// Is told of every launch and of every thread in it: tests/threads/memory_trace.h.
class LaunchObserver {
 public:
  virtual ~LaunchObserver() = default;
  /// The threads of a block share the `shared_bytes` bytes from `shared` on.
  virtual void begin_launch(const char* body, const void* shared, std::size_t shared_bytes) = 0;
  virtual void begin_thread(std::uint32_t block, std::uint32_t thread) = 0;
  virtual void end_thread() = 0;
  /// The threads of a block wait for one another.
  virtual void barrier() = 0;
  virtual void end_launch() = 0;
};
inline LaunchObserver* launch_observer = nullptr;

/// Memory on a GPU holds anything at first. Here NaN, in every type of numbers: who reads before writing is found out.
inline void fill_with_nan(void* memory, std::size_t bytes) { std::memset(memory, 0xFF, bytes); }

/// Scratch memory of one kernel call, of the host.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes) {
    if (bytes == 0) return;
    const std::size_t words = (bytes + sizeof(double) - 1) / sizeof(double);
    words_ = std::make_unique<double[]>(words);
    fill_with_nan(words_.get(), words * sizeof(double));
  }
  void* data() const { return words_.get(); }

 private:
  std::unique_ptr<double[]> words_;
};

/// run(thread) for every thread of a block.
template <class Run>
void for_each_thread(std::uint32_t block, const Run& run) {
  for (std::uint32_t thread = 0; thread < block_threads; ++thread) {
    if (launch_observer != nullptr) launch_observer->begin_thread(block, thread);
    run(thread);
    if (launch_observer != nullptr) launch_observer->end_thread();
  }
}

template <class Body>
void launch(const Body& body, std::int64_t blocks) {
  if (launch_observer != nullptr) launch_observer->begin_launch(typeid(Body).name(), nullptr, 0);
  for (std::uint32_t block = 0; block < blocks; ++block) {
    for_each_thread(block, [&](std::uint32_t thread) { body(block, thread); });
  }
  if (launch_observer != nullptr) launch_observer->end_launch();
}

/// As each_block: all threads end a step before one begins the next. Within a step the first thread may go first or
/// last: an error if that makes a difference.
template <class Body>
void launch_combining(const Body& body, std::int64_t blocks) {
  static_assert(std::is_trivially_copyable_v<typename Body::Shared>);
  const auto shared = std::make_unique<typename Body::Shared>(), backwards = std::make_unique<typename Body::Shared>();
  const auto barrier = [] {
    if (launch_observer != nullptr) launch_observer->barrier();
  };
  if (launch_observer != nullptr) launch_observer->begin_launch(typeid(Body).name(), shared.get(), sizeof(*shared));
  for (std::uint32_t block = 0; block < blocks; ++block) {
    fill_with_nan(shared.get(), sizeof(*shared));
    for_each_thread(block, [&](std::uint32_t thread) { body.load(block, thread, *shared); });
    barrier();
    for (std::uint32_t step = body.first_step(); step > 0; step /= 2) {
      *backwards = *shared;
      for_each_thread(block, [&](std::uint32_t thread) { body.combine(thread, step, *shared); });
      for (std::uint32_t thread = block_threads; thread-- > 0;) body.combine(thread, step, *backwards);
      // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): bits are to be the same
      NN_CHECK(std::memcmp(shared.get(), backwards.get(), sizeof(*shared)) == 0, "[launch] threads of a step race");
      barrier();
    }
    for_each_thread(block, [&](std::uint32_t thread) { body.write(block, thread, *shared); });
    barrier();
  }
  if (launch_observer != nullptr) launch_observer->end_launch();
}

}  // namespace cuda

#endif
