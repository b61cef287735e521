#include "train/data/augment.h"

#include <numbers>

#include "nn/core/error.h"

namespace train {
namespace {

constexpr std::uint32_t purpose = 0x4155474d;  // "AUGM": keeps these numbers apart from others of the same seed
constexpr int image_bits = 40;

}  // namespace

Augmentation draw_augmentation(const AugmentStrength& strength, std::size_t windows, std::uint64_t seed, int epoch,
                               std::size_t image) {
  NN_CHECK(image >> image_bits == 0, "[augment] image index ", image, " is too large");
  nn::Random random(seed, purpose, static_cast<std::uint64_t>(epoch) << image_bits | image);
  const auto chance = [&](double probability) { return random.uniform() < static_cast<float>(probability); };
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
  const auto within = [&](double most) { return between(-most, most); };

  // Everything is drawn whether it is used or not, so that one strength does not change another's numbers.
  Augmentation drawn;
  drawn.flip = chance(strength.flip_chance);
  drawn.shift_x = within(strength.max_shift);
  drawn.shift_y = within(strength.max_shift);
  drawn.scale = 1 + within(strength.max_scale);
  drawn.rotation = within(strength.max_rotation) * std::numbers::pi / 180;
  const bool noisy = chance(strength.noise_chance);
  const double noise = between(0, strength.max_noise);
  drawn.noise = noisy ? noise : 0;
  for (std::uint32_t& word : drawn.noise_key) word = random.bits();
  drawn.reverse_slices = chance(strength.reverse_chance);
  for (std::size_t i = 0; i < windows; ++i) {
    const double shift = within(strength.max_window_shift);
    drawn.windows.push_back({.shift = shift, .scale = 1 + within(strength.max_window_scale)});
  }
  return drawn;
}

}  // namespace train
