#include "io/phantom/blood_mask.h"

namespace io::phantom {

bool BloodMask::any() const {
  for (int kind = 0; kind < hemorrhage_kinds; ++kind) {
    if (positive(kind)) return true;
  }
  return false;
}

BloodMask make_blood_mask(const RenderedSlice& rendered, float pixel_mm) {
  BloodMask mask;
  mask.pixels.assign(rendered.hu.size(), 0);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    float all = 0, most = 0;
    std::size_t kind = 0;
    for (std::size_t k = 0; k < hemorrhage_kinds; ++k) {
      const float share = rendered.blood[k].empty() ? 0.0F : rendered.blood[k][i];
      all += share;
      if (share > most) most = share, kind = k;
    }
    if (all < 0.5F) continue;
    mask.pixels[i] = static_cast<std::uint8_t>(kind + 1);
    mask.area_mm2[kind] += pixel_mm * pixel_mm;
  }
  return mask;
}

}  // namespace io::phantom
