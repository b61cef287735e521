// What the pools share: batches of images that a launch's 32-bit arithmetic holds.
#pragma once

#include <cstdint>

#include "cuda/launch/dispatch.h"
#include "cuda/launch/launch.cuh"
#include "nn/kernels/pool.h"

namespace cuda {

/// body(begin, end): for images [begin, end) of a batch, as many as one launch takes; `written` is the tensor that its
/// threads share out.
template <class Body>
void for_each_batch(const nn::Tensor& written, int width, const Body& body) {
  const std::int64_t vectors = written.h() * written.w() * ceil_div(written.c(), width);
  NN_CHECK(vectors <= max_vectors, "[pool] an image of ", written.shape(), " is too large for one launch");
  const std::int64_t images = vectors > 0 ? max_vectors / vectors : written.n();
  for (std::int64_t begin = 0; begin < written.n(); begin += images) {
    body(begin, begin + images < written.n() ? begin + images : written.n());
  }
}

}  // namespace cuda
