// Runs a kernel's body (cuda/launch/launch.cuh) on the CPU, one thread after the other. It shows that every element is
// worked on once and rightly, not that threads wait for one another: between the steps of a combining body all threads
// of a block have ended the step before, as __syncthreads has it.
#pragma once

#include <cstdint>
#include <memory>

#include "cuda/launch/launch.h"

namespace test {

template <class Body>
void run_threads(const Body& body, std::int64_t blocks) {
  for (std::uint32_t block = 0; block < blocks; ++block) {
    for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) body(block, thread);
  }
}

template <class Body>
void run_combining(const Body& body, std::int64_t blocks) {
  const auto shared = std::make_unique<typename Body::Shared>();
  for (std::uint32_t block = 0; block < blocks; ++block) {
    for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) body.load(block, thread, *shared);
    for (std::uint32_t step = body.first_step(); step > 0; step /= 2) {
      for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) body.combine(thread, step, *shared);
    }
    for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) body.write(block, thread, *shared);
  }
}

}  // namespace test
