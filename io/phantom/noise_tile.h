// A smooth random texture: the raw material of gyri, of ragged borders and of tissue that is not perfectly even.
#pragma once

#include <cstdint>
#include <vector>

#include "io/phantom/point.h"

namespace io::phantom {

/// A Gaussian random field of mean 0 and variance 1 on a periodic lattice of 64 cells a side, interpolated between.
/// Its correlation is exp(-r^2 / (4 sigma^2)) with sigma = 1.7 cells: it changes sign every 7.5 cells or so.
class NoiseTile {
 public:
  explicit NoiseTile(std::uint64_t seed);

  /// `p` in cells, anywhere.
  float at(Point p) const;

 private:
  static constexpr int side = 64;
  std::vector<float> values_;  // side^3, x fastest
};

}  // namespace io::phantom
