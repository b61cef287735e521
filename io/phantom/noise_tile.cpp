#include "io/phantom/noise_tile.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

constexpr float sigma = 1.7F;  // cells
constexpr int reach = 5;

/// Gaussian weights whose squares sum to 1, so that smoothing white noise keeps its variance.
std::array<float, 2 * reach + 1> smoothing_weights() {
  std::array<float, 2 * reach + 1> weights{};
  float power = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float distance = static_cast<float>(i) - reach;
    weights[i] = std::exp(-distance * distance / (2 * sigma * sigma));
    power += weights[i] * weights[i];
  }
  for (float& w : weights) w /= std::sqrt(power);
  return weights;
}

}  // namespace

NoiseTile::NoiseTile(std::uint64_t seed) : values_(side * side * side) {
  nn::Random random = stream(seed, Stream::noise_tile);
  for (float& value : values_) value = random.normal();
  const auto weights = smoothing_weights();
  std::vector<float> smoothed(values_.size());
  for (const int stride : {1, side, side * side}) {
    for (int i = 0; i < side * side * side; ++i) {
      const int place = i / stride % side;
      float sum = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) {
        const int wrapped = (place + static_cast<int>(k) - reach) & (side - 1);
        const int neighbour = i + (wrapped - place) * stride;
        sum += weights[k] * values_[static_cast<std::size_t>(neighbour)];
      }
      smoothed[static_cast<std::size_t>(i)] = sum;
    }
    values_.swap(smoothed);
  }
}

float NoiseTile::at(Point p) const {
  const float fx = std::floor(p.x), fy = std::floor(p.y), fz = std::floor(p.z);
  const float tx = p.x - fx, ty = p.y - fy, tz = p.z - fz;
  constexpr int mask = side - 1;
  const int x0 = static_cast<int>(fx) & mask, x1 = (x0 + 1) & mask;
  const int y0 = (static_cast<int>(fy) & mask) * side, y1 = (y0 + side) & (mask * side);
  const int z0 = (static_cast<int>(fz) & mask) * side * side, z1 = (z0 + side * side) & (mask * side * side);
  const float* v = values_.data();
  const auto along_x = [&](int row) { return v[row + x0] + tx * (v[row + x1] - v[row + x0]); };
  const float near = along_x(y0 + z0) + ty * (along_x(y1 + z0) - along_x(y0 + z0));
  const float far = along_x(y0 + z1) + ty * (along_x(y1 + z1) - along_x(y0 + z1));
  return near + tz * (far - near);
}

}  // namespace io::phantom
