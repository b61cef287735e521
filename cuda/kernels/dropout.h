// What one thread of dropout does.
#pragma once

#include <cstdint>

#include "cuda/launch/elementwise.h"
#include "nn/functors/dropout.h"

namespace cuda {

/// y = scale * x where the element is kept, else 0; + beta * y. The mask is computed from the element's number in row
/// order, whatever the pitch.
template <class T, int width>
struct Dropout {
  VectorGrid grid;
  std::uint64_t first_element;  // number of the grid's first
  std::int64_t c;
  Rows<const T> x;
  Rows<T> y;
  const std::int32_t* random_state;
  std::uint32_t stream;
  double probability;
  float scale, beta;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const Place place = grid.place(block, thread);
    if (place.count == 0) return;
    const auto mask = nn::functors::DropoutMask::of(random_state, stream, probability);
    std::uint64_t element = first_element + place.row * static_cast<std::uint64_t>(c) + place.column;
    Floats<width> values = load<width>(x.at(place.row, place.column), place.count);
    nn::Philox4 words{};
    NN_UNROLL for (int i = 0; i < width; ++i) {
      if (i == 0 || element % 4 == 0) words = mask.words(element / 4);
      values.v[i] = mask.kept(word(words, element % 4)) ? scale * values.v[i] : 0;
      ++element;
    }
    store<width>(y.at(place.row, place.column), values, place.count, beta);
  }

 private:
  /// An index into registers would move them to memory.
  NN_HOST_DEVICE static std::uint32_t word(const nn::Philox4& words, std::uint64_t k) {
    return k == 0 ? words.x[0] : k == 1 ? words.x[1] : k == 2 ? words.x[2] : words.x[3];
  }
};

}  // namespace cuda
