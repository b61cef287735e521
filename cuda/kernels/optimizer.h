// What one thread of the optimizer's kernels does: flat segments in f32, moments too, sums in f64.
#pragma once

#include <cstdint>

#include "cuda/launch/block_sum.h"
#include "cuda/launch/launch.h"
#include "cuda/launch/packed.h"
#include "nn/functors/optimizer.h"

namespace cuda {

/// partial[block] = the sum of squares of what the block's threads take: vectors of `width` elements, a thread every
/// `threads`-th.
template <int width>
struct SquareSums : BlockSum {
  /// Enough to fill a large GPU; what is left over is added up by each thread.
  static constexpr std::int64_t most_blocks = 1024;

  const float* x;
  std::int64_t elements;
  std::int64_t blocks;
  double* partial;

  SquareSums(const float* values, std::int64_t count, double* sums)
      : x(values), elements(count), blocks(block_count(count)), partial(sums) {}
  static constexpr std::int64_t block_count(std::int64_t count) {
    const std::int64_t wanted = ceil_div(count, std::int64_t{width} * block_threads);
    return wanted < 1 ? 1 : wanted < most_blocks ? wanted : most_blocks;
  }

  NN_HOST_DEVICE void load(std::uint32_t block, std::uint32_t thread, Shared& shared) const {
    double sum = 0;
    const std::int64_t step = blocks * block_threads * width;
    for (std::int64_t i = (std::int64_t{block} * block_threads + thread) * width; i < elements; i += step) {
      const std::int64_t left = elements - i;
      const auto values = Packed<float, width>::load(x + i, static_cast<int>(left < width ? left : width));
      NN_UNROLL for (int k = 0; k < width; ++k) {
        sum += static_cast<double>(values.v[k]) * static_cast<double>(values.v[k]);
      }
    }
    shared.values[thread] = sum;
  }
  NN_HOST_DEVICE void write(std::uint32_t block, std::uint32_t thread, const Shared& shared) const {
    if (thread == 0) partial[block] = shared.values[0];
  }
};

/// One block: sum = the sum of all partial sums.
struct PartialTotal : BlockSum {
  const double* partial;
  std::int64_t count;
  double* sum;

  PartialTotal(const double* sums, std::int64_t sum_count, double* total)
      : partial(sums), count(sum_count), sum(total) {}

  NN_HOST_DEVICE void load(std::uint32_t /*block*/, std::uint32_t thread, Shared& shared) const {
    double total = 0;
    for (std::int64_t i = thread; i < count; i += block_threads) total += partial[i];
    shared.values[thread] = total;
  }
  NN_HOST_DEVICE void write(std::uint32_t /*block*/, std::uint32_t thread, const Shared& shared) const {
    if (thread == 0) *sum = shared.values[0];
  }
};

/// One thread.
struct PrepareUpdate {
  const double* sum;
  double max_norm;
  double* state;

  NN_HOST_DEVICE void operator()(std::uint32_t /*block*/, std::uint32_t thread) const {
    if (thread == 0) nn::functors::prepare_step(*sum, max_norm, state);
  }
};

/// One thread computes the numbers of a step (powers in f64) for all threads of the update.
template <class Update, class Options>
struct StepNumbers {
  Options options;
  const double* state;
  Update* update;

  NN_HOST_DEVICE void operator()(std::uint32_t /*block*/, std::uint32_t thread) const {
    if (thread == 0) *update = Update::of(options, state);
  }
};

/// Updates a vector of parameters with their `moments` arrays of moments, and the bf16 copy, if there is one.
template <class Update, int moments, int width>
struct UpdateSegment {
  VectorGrid grid;  // one row
  const Update* update;
  const double* state;
  const float* gradient;
  float* value;
  float* moment[moments];
  nn::bfloat16* copy;  // or null

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0 || state[nn::step_state::skipped] != 0) return;
    const std::uint32_t at = place.column;
    auto values = load<width>(value + at, place.count);
    const auto gradients = load<width>(gradient + at, place.count);
    Floats<width> moving[moments];
    NN_UNROLL for (int k = 0; k < moments; ++k) moving[k] = load<width>(moment[k] + at, place.count);
    const Update step = *update;
    NN_UNROLL for (int i = 0; i < width; ++i) {
      if constexpr (moments == 1) {
        step(values.v[i], gradients.v[i], moving[0].v[i]);
      } else {
        step(values.v[i], gradients.v[i], moving[0].v[i], moving[1].v[i]);
      }
    }
    store<width>(value + at, values, place.count);
    NN_UNROLL for (int k = 0; k < moments; ++k) store<width>(moment[k] + at, moving[k], place.count);
    if (copy != nullptr) store<width>(copy + at, values, place.count);
  }
};

}  // namespace cuda
