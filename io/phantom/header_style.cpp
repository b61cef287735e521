#include "io/phantom/header_style.h"

#include <fmt/core.h>

#include <algorithm>

#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

constexpr int padding_value = -2000;  // stored, undeclared, as many scanners of the challenge have it

void draw_windows(nn::Random& random, HeaderStyle& style) {
  constexpr int centres[] = {30, 35, 40, 47, 50}, widths[] = {80, 100, 120, 135, 150};
  const int centre = centres[random.below(5)], width = widths[random.below(5)];
  if (style.six_decimals) {
    style.window_centre = fmt::format("{}.000000", centre);
    style.window_width = fmt::format("{}.000000", width);
  } else if (random.uniform() < 0.4F) {
    style.window_centre = fmt::format("{0:05}\\{0:05}", centre);
    style.window_width = fmt::format("{0:05}\\{0:05}", width);
  } else {
    style.window_centre = fmt::format("{}", centre);
    style.window_width = fmt::format("{}", width);
  }
}

}  // namespace

HeaderStyle draw_header_style(std::uint64_t seed, std::uint64_t patient) {
  nn::Random random = stream(seed, Stream::header_style, patient);
  HeaderStyle style;
  const float kind = random.uniform();
  if (kind < 0.35F) {
    style = {.bits_stored = 16, .is_signed = true};
  } else if (kind < 0.60F) {
    style = {.bits_stored = 12, .is_signed = false};
  } else if (kind < 0.75F) {
    style = {.bits_stored = 16, .is_signed = false};
  } else if (kind < 0.88F) {
    style = {.bits_stored = 12, .is_signed = true, .intercept = 0};
  } else {
    style = {.bits_stored = 12, .is_signed = false, .wrapped = true, .intercept = 0};
  }
  style.six_decimals = random.uniform() < 0.5F;
  draw_windows(random, style);
  return style;
}

std::string decimal_string(double value, const HeaderStyle& style) {
  if (style.six_decimals) return fmt::format("{:.6f}", value);
  std::string text = fmt::format("{:.6f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::vector<std::uint16_t> stored_pixels(const std::vector<std::int16_t>& hu, int size, const HeaderStyle& style,
                                         bool padded) {
  const int lowest = style.is_signed ? -(1 << (style.bits_stored - 1)) : 0;
  const int highest = (1 << (style.bits_stored - (style.is_signed ? 1 : 0))) - 1;
  const bool pad = padded && style.is_signed && style.bits_stored == 16;
  const float radius = 0.5F * static_cast<float>(size);
  std::vector<std::uint16_t> stored(hu.size());
  for (std::size_t i = 0; i < hu.size(); ++i) {
    int value = 0;
    if (style.wrapped) {
      value = (std::max(static_cast<int>(hu[i]), -1000) + 4096) % 4096;
    } else {
      value = std::clamp(hu[i] - style.intercept, lowest, highest);
    }
    if (pad) {
      const std::size_t row = i / static_cast<std::size_t>(size), column = i % static_cast<std::size_t>(size);
      const float x = static_cast<float>(column) + 0.5F - radius, y = static_cast<float>(row) + 0.5F - radius;
      if (x * x + y * y > radius * radius) value = padding_value;
    }
    stored[i] = static_cast<std::uint16_t>(value);
  }
  return stored;
}

}  // namespace io::phantom
