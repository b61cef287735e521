#include "io/phantom/brain_shape.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/shapes.h"

namespace io::phantom {

float ventricles(Point p, const Patient& patient) {
  const Point m = mirrored(p);
  const float growth =
      patient.ventricle_growth + (p.x > 0 ? patient.ventricle_asymmetry : -patient.ventricle_asymmetry);
  // Twice as high as wide; diverging to the front, flattened from the side by the caudate head.
  const Point squeezed = {m.x, m.y, 63 + 0.5F * (m.z - 63)};
  const float frontal_horn = tapered_capsule(squeezed, {4.5F, -11, 64}, {13, -40, 61.5F}, 2.8F + growth, 3.6F + growth);
  float lateral =
      smooth_union(frontal_horn, tapered_capsule(m, {6, -13, 69}, {13, 12, 73}, 3.2F + growth, 3.6F + growth), 4);
  lateral = smooth_union(lateral, tapered_capsule(m, {13, 12, 73}, {26, 36, 64}, 3.6F + growth, 5.5F + growth), 4);
  lateral =
      smooth_union(lateral, tapered_capsule(m, {26, 36, 63}, {25, 60, 58}, 4.5F + growth, 1.8F + 0.8F * growth), 4);
  lateral =
      smooth_union(lateral, tapered_capsule(m, {28, 33, 58}, {31, -4, 34}, 3.0F + growth, 1.2F + 0.6F * growth), 3);
  lateral = std::max(lateral, 1.1F - m.x);  // the septum pellucidum
  const float half = std::max(0.4F * patient.ventricle_growth, -0.6F);
  const float third = ellipsoid(p, {0, 3, 54}, {2.4F + half, 15 + half, 11});
  const float fourth = ellipsoid(p, {0, 37, 20}, {7.5F + half, 4.5F + half, 10});
  return std::min({lateral, third, fourth});
}

namespace {

/// The fluid over the insula, a curved plate, and the cleft from there to the side of the brain.
float sylvian_fissure(Point m, float width) {
  const float plate = std::abs(m.x - (42.5F - 0.007F * (m.y - 2) * (m.y - 2) + 0.05F * (m.z - 52))) - width;
  const float insula = std::max({plate, std::abs(m.y - 0.5F) - 20, std::abs(m.z - 52) - 12});
  const float slope = std::abs(m.z - (47 + 0.42F * (m.y + 8))) - 1.3F * width;
  const float cleft = std::max({slope, 40 - m.x, std::abs(m.y - 4) - 26});
  const float stem = capsule(m, {14, -13, 37}, {38, -17, 43}, 1.2F + width);
  return std::min({insula, cleft, stem});
}

}  // namespace

float cisterns(Point p, const Patient& patient) {
  const Point m = mirrored(p);
  const float wide = mix(0.0F, 1.4F, patient.atrophy);
  const Point star = {0, -5, 36};
  float fluid = ellipsoid(p, star, {10 + wide, 8 + wide, 5.5F});
  fluid = std::min(fluid, capsule(p, star, {0, -26, 35}, 2 + wide));
  fluid = std::min(fluid, capsule(m, star, {15, -13, 37}, 2.4F + wide));
  fluid = std::min(fluid, capsule(m, star, {16, 6, 39}, 2.2F + wide));
  fluid = std::min(fluid, sylvian_fissure(m, 0.8F + wide));
  const float around_midbrain = std::abs(ellipsoid(p, {0, 12, 45}, {18, 17, 16}) - 1) - (1.1F + 0.6F * wide);
  fluid = std::min(fluid, std::max({around_midbrain, std::abs(p.z - 46) - 8, -p.y}));
  fluid = std::min(fluid, ellipsoid(m, {5, 30.5F, 52}, {9, 3 + wide, 5.5F}));    // quadrigeminal cistern
  fluid = std::min(fluid, tapered_capsule(p, {0, 4, 32}, {0, 14, 4}, 4, 3.5F));  // before the pons
  return std::min(fluid, ellipsoid(m, {19, 16, 17}, {7, 5, 5}));                 // cerebellopontine angle
}

float deep_grey(Point p) {
  const Point m = mirrored(p);
  return std::min({ellipsoid(m, {16.5F, -23, 60}, {5.5F, 11, 9}), ellipsoid(m, {26, -4, 54}, {7, 16, 9}),
                   ellipsoid(m, {11.5F, 14, 58}, {8.5F, 14, 9})});
}

float hindbrain(Point p) {
  const Point m = mirrored(p);
  const float cerebellum =
      smooth_union(ellipsoid(m, {25, 47, 20}, {28, 31, 27}), ellipsoid(p, {0, 46, 27}, {10, 25, 22}), 4);
  const float midbrain = ellipsoid(p, {0, 12, 45}, {17, 15, 14});
  const float pons = ellipsoid(p, {0, 19, 25}, {16, 12, 15});
  const float medulla = capsule(p, {0, 24, 10}, {0, 29, -60}, 7);
  const float peduncle = capsule(m, {10, 24, 24}, {20, 36, 22}, 6);
  return std::min({cerebellum, smooth_union(midbrain, pons, 4), medulla, peduncle});
}

float tentorium_height(Point p) {
  const float middle = 54 - 0.55F * std::max(p.y - 32, 0.0F);
  const float side = std::min(std::abs(p.x) / 54, 1.2F);
  return middle - (middle - 25) * side * std::sqrt(side);
}

float tentorium_extent(Point p) {
  const float opening = 18 * (std::sqrt(p.x * p.x / (18 * 18) + (p.y - 12) * (p.y - 12) / (23 * 23)) - 1);
  const float behind_petrous_ridge = (p.y - 2) - 0.565F * (std::abs(p.x) - 12);
  return std::min(opening, behind_petrous_ridge);
}

bool infratentorial(Point p) {
  const float behind_petrous_ridge = (p.y + 1) - 0.565F * std::max(std::abs(p.x) - 12, 0.0F);
  if (behind_petrous_ridge < 0 && p.z > -8) return false;
  const bool in_opening = tentorium_extent(p) < 0 && std::abs(p.x) < 19;
  return p.z < (in_opening ? 48.0F : tentorium_height(p));
}

float falx_edge(Point p) {
  // An ellipse over the corpus callosum in the midline plane; behind, the falx stands on the tentorium.
  const float y = (p.y - 4) / 52, z = (p.z - 58) / 27;
  const float above_callosum = 30 * (std::sqrt(y * y + z * z) - 1);
  const float above_base = p.y < 0 ? p.z - 36 : p.z - tentorium_height(p);
  return -std::min(above_callosum, above_base);
}

float venous_sinuses(Point p, float cavity, const Patient& patient) {
  const Point m = mirrored(p);
  const float s = patient.sinus_scale;
  float sinus = 1e3F;
  if (p.z > 30 && m.x < 12) {
    // A triangle with its base on the bone; wider toward the back.
    const float calibre = s * mix(2.6F, 5.0F, smooth_step(-60, 70, p.y));
    const float depth = -cavity;
    sinus = std::max(0.75F * (m.x - calibre + 0.55F * depth), depth - 1.7F * calibre);
  }
  if (p.y > 25 && p.z < 60) {
    sinus = std::min(sinus, capsule(p, {0, 33, 53}, {0, 76, 29}, 2.3F * s));
    sinus = std::min(sinus, ellipsoid(p, {0, 80, 27}, {7 * s, 5 * s, 6 * s}));
    const float along_bone = -cavity - 4.2F * s;
    const float level = std::abs(p.z - (26 - 0.06F * m.x)) - 3.6F * s;
    const float right_is_larger = p.x < 0 ? 0.0F : 1.0F;
    sinus = std::min(sinus, std::max({along_bone + right_is_larger, level + right_is_larger, 30 - p.y}));
  }
  if (p.z < 26) sinus = std::min(sinus, tapered_capsule(m, {50, 33, 25}, {38, 22, -6}, 4 * s, 3.4F * s));
  return sinus;
}

}  // namespace io::phantom
