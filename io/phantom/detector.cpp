#include "io/phantom/detector.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

/// Gaussian blur of a square picture, `sigma` in pixels; the border repeats.
std::vector<float> blurred(const std::vector<float>& picture, int size, float sigma) {
  const int reach = std::max(1, static_cast<int>(std::ceil(2.6F * sigma)));
  std::vector<float> weights;
  float total = 0;
  for (int i = -reach; i <= reach; ++i) {
    weights.push_back(std::exp(-static_cast<float>(i * i) / (2 * sigma * sigma)));
    total += weights.back();
  }
  for (float& w : weights) w /= total;

  const auto n = static_cast<std::size_t>(size);
  std::vector<float> across(picture.size()), down(picture.size(), 0.0F);
  std::vector<float> padded(n + 2 * static_cast<std::size_t>(reach));
  for (std::size_t row = 0; row < n; ++row) {
    const float* line = picture.data() + row * n;
    for (std::size_t i = 0; i < padded.size(); ++i) {
      padded[i] = line[std::clamp(static_cast<int>(i) - reach, 0, size - 1)];
    }
    float* target = across.data() + row * n;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      for (std::size_t i = 0; i < n; ++i) target[i] += weights[k] * padded[i + k];
    }
  }
  for (int row = 0; row < size; ++row) {
    float* target = down.data() + static_cast<std::size_t>(row) * n;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const int neighbour = std::clamp(row + static_cast<int>(k) - reach, 0, size - 1);
      const float* source = across.data() + static_cast<std::size_t>(neighbour) * n;
      const float w = weights[k];
      for (std::size_t i = 0; i < n; ++i) target[i] += w * source[i];
    }
  }
  return down;
}

/// Beam hardening: rays that pass much bone, from one petrous pyramid to the other, leave dark bands and bright lines
/// between. Rows stand for those rays.
void add_streaks(std::vector<float>& hu, const RenderedSlice& rendered, const Scan& scan, nn::Random random) {
  const auto n = static_cast<std::size_t>(scan.size);
  const float pixel = scan.pixel_mm();
  const float strength = random.uniform(0.3F, 1.0F);
  const float memory = std::exp(-pixel / 2.5F);  // lines are some 2.5 mm wide
  float line = random.normal();
  for (std::size_t row = 0; row < n; ++row) {
    line = memory * line + std::sqrt(1 - memory * memory) * random.normal();
    float bone_mm = 0;
    for (std::size_t i = row * n; i < (row + 1) * n; ++i)
      bone_mm += pixel * std::clamp((rendered.hu[i] - 200) / 900, 0.0F, 1.0F);
    const float excess = std::clamp((bone_mm - 35) / 45, 0.0F, 1.3F);
    const float streak = strength * excess * excess * (11 * line - 4);
    if (excess == 0) continue;
    for (std::size_t i = row * n; i < (row + 1) * n; ++i) hu[i] += streak * rendered.inside_skull[i];
  }
}

/// Scatter: the same tissue reads a little higher on one side, or at the rim, than elsewhere.
void add_shading(std::vector<float>& hu, const RenderedSlice& rendered, const Scan& scan) {
  constexpr float rim_mm = 75;
  const float pixel = scan.pixel_mm() / rim_mm, middle = 0.5F * static_cast<float>(scan.size - 1);
  const Point& shading = scan.site.shading;
  std::size_t at = 0;
  for (int row = 0; row < scan.size; ++row) {
    const float y = (static_cast<float>(row) - middle) * pixel;
    for (int column = 0; column < scan.size; ++column, ++at) {
      const float x = (static_cast<float>(column) - middle) * pixel;
      hu[at] += rendered.inside_skull[at] * (shading.x * x + shading.y * y + shading.z * (x * x + y * y - 0.5F));
    }
  }
}

}  // namespace

std::vector<float> grainy_noise(int size, float grain, std::uint64_t seed, std::uint64_t slice_index) {
  nn::Random random = stream(seed, Stream::quantum_noise, slice_index);
  std::vector<float> white(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
  for (float& value : white) {
    // The sum of four bytes is near enough to normal: the blur adds up dozens of them.
    const std::uint32_t bits = random.bits();
    value = static_cast<float>((bits & 255U) + (bits >> 8U & 255U) + (bits >> 16U & 255U) + (bits >> 24U)) - 510;
  }
  std::vector<float> noise = blurred(white, size, grain);
  const std::vector<float> slow = blurred(noise, size, 2.5F * grain);
  double power = 0;
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] -= 0.9F * slow[i];
    power += static_cast<double>(noise[i]) * static_cast<double>(noise[i]);
  }
  const auto scale = static_cast<float>(1 / std::sqrt(power / static_cast<double>(noise.size()) + 1e-20));
  for (float& value : noise) value *= scale;
  return noise;
}

std::vector<std::int16_t> detect(const RenderedSlice& rendered, const Scan& scan, std::uint64_t seed,
                                 std::uint64_t slice_index) {
  const Site& site = scan.site;
  const float sigma = std::max(0.3F, site.blur_mm / scan.pixel_mm());
  std::vector<float> hu = blurred(rendered.hu, scan.size, sigma);
  if (site.sharpening > 0) {
    const std::vector<float> soft = blurred(hu, scan.size, sigma);
    for (std::size_t i = 0; i < hu.size(); ++i) hu[i] += site.sharpening * (hu[i] - soft[i]);
  }
  add_shading(hu, rendered, scan);
  // A stream of its own for streaks: one per slice beside the noise's.
  add_streaks(hu, rendered, scan, stream(seed, Stream::streaks, slice_index));
  const std::vector<float> noise =
      grainy_noise(scan.size, std::max(0.4F, site.noise_grain_mm / scan.pixel_mm()), seed, slice_index);

  std::vector<std::int16_t> out(hu.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float value = std::nearbyint(hu[i] + site.noise_hu * noise[i]);
    out[i] = static_cast<std::int16_t>(std::clamp(value, -1024.0F, 3071.0F));
  }
  return out;
}

}  // namespace io::phantom
