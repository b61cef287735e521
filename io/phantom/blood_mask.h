// The truth of one slice: which pixels hold which bleed, and from that its labels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "io/phantom/renderer.h"

namespace io::phantom {

/// A slice is positive for a kind of bleed if that kind's mask covers more than this, mm^2. (A square of 5.5 mm.)
inline constexpr float positive_area_mm2 = 30;

struct BloodMask {
  /// 0 no bleed, else 1 + HemorrhageKind, which is the label's place in io::label_names; size * size.
  std::vector<std::uint8_t> pixels;
  std::array<float, hemorrhage_kinds> area_mm2{};

  bool positive(int kind) const { return area_mm2[static_cast<std::size_t>(kind)] > positive_area_mm2; }
  bool any() const;
};

/// A pixel belongs to the mask if blood fills at least half of its voxel; it then is of the kind that fills most.
BloodMask make_blood_mask(const RenderedSlice& rendered, float pixel_mm);

}  // namespace io::phantom
