#include "io/phantom/head_shape.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/shapes.h"

namespace io::phantom {

float vault(Point p) {
  const float height = p.z > 42 ? 70.0F : 58.0F;
  return box_ellipsoid(p, {0, 0, 42}, {66, 84, height}, 2.35F);
}

namespace {

/// The floor of the anterior fossa: orbital roofs bulge up, the plate between them lies low.
float anterior_floor(Point m) {
  const float x = (m.x - 31) / 17, y = (m.y + 58) / 24;
  const float orbital_roof = 13 * std::exp(-x * x - y * y);
  const float lateral = 6 * smooth_step(40, 62, m.x);
  return mix(23 + orbital_roof + lateral, 34, smooth_step(-40, -24, m.y));
}

/// The ridge of bone between middle and posterior fossa that holds the inner ear.
float petrous_pyramid(Point m) { return tapered_capsule(m, {13, 3, 14}, {58, 27, 13}, 5, 10); }

}  // namespace

float cranial_cavity(Point p) {
  const Point m = mirrored(p);
  const float egg = vault(p);
  const float above_orbits = smooth_intersection(egg, 0.85F * (anterior_floor(m) - p.z), 5);
  const float middle_fossa = ellipsoid(m, {38, -15, 24}, {26, 32, 22});
  const float posterior_fossa = ellipsoid(p, {0, 43, 22}, {56, 42, 37});
  const float sella = capsule(p, {0, -6, 40}, {0, -6, 32}, 13);
  const float before_brainstem = tapered_capsule(p, {0, 14, 34}, {0, 27, -14}, 19, 14);
  float cavity = smooth_union(above_orbits, middle_fossa, 4);
  cavity = smooth_union(cavity, posterior_fossa, 5);
  cavity = smooth_union(cavity, sella, 5);
  cavity = smooth_union(cavity, before_brainstem, 4);
  cavity = smooth_intersection(cavity, egg, 2);
  cavity = smooth_intersection(cavity, -petrous_pyramid(m), 2);
  return smooth_union(cavity, capsule(p, {0, 27, -12}, {0, 32, -70}, 12), 3);
}

float bone_thickness(Point p, const Patient& patient) {
  const float ends = 1.8F * smooth_step(50, 85, std::abs(p.y));
  const float temples = 2.5F * smooth_step(62, 35, p.z) * smooth_step(40, 10, std::abs(p.y + 5));
  return std::max(2.5F, patient.skull_thickness + ends - temples);
}

float skin(Point p, const Patient& patient) {
  const Point m = mirrored(p);
  const float cap = vault(p) - patient.skull_thickness - patient.scalp_thickness;
  const float face = ellipsoid(p, {0, -38, -22}, {64, 58, 72});
  const float neck = capsule(p, {0, 30, -10}, {0, 36, -90}, 56);
  const float nose = tapered_capsule(p, {0, -92, 12}, {0, -103, -16}, 6, 11);
  const float temporal_muscle = ellipsoid(m, {62, -22, 22}, {17, 40, 38});
  float outside = smooth_union(cap, face, 12);
  outside = smooth_union(outside, neck, 16);
  outside = smooth_union(outside, temporal_muscle, 8);
  outside = smooth_union(outside, sphere(m, {31, -76, 12}, 15), 4);
  outside = smooth_union(outside, ellipsoid(m, {82, 24, 0}, {5, 14, 24}), 4);  // the ear
  return smooth_union(outside, nose, 8);
}

float base_bone(Point p) {
  const Point m = mirrored(p);
  const float parts[] = {
      petrous_pyramid(m),
      ellipsoid(m, {57, 35, 2}, {14, 18, 21}),                      // mastoid
      ellipsoid(p, {0, -16, 16}, {18, 16, 13}),                     // body of the sphenoid
      capsule(p, {0, 3, 24}, {0, 14, -14}, 6),                      // clivus and dorsum sellae
      capsule(m, {8, -5, 33}, {9, -14, 35}, 1.6F),                  // clinoid processes
      tapered_capsule(m, {14, -30, 32}, {52, -40, 36}, 2.5F, 4),    // lesser wing of the sphenoid
      capsule(m, {12, -84, 29}, {46, -70, 26}, 5.5F),               // upper rim of the orbit
      capsule(m, {50, -64, 22}, {52, -62, -8}, 5),                  // lateral rim
      capsule(m, {54, -58, -6}, {66, -4, -2}, 3.2F),                // zygomatic arch
      ellipsoid(m, {51, -2, -14}, {9, 5.5F, 9}),                    // head of the mandible
      capsule(p, {0, -84, 22}, {0, -93, 5}, 3),                     // nasal bones
      ellipsoid(p, {0, -85, 36}, {32, 8, 14}),                      // frontal bone above the nose
      capsule(p, {0, 84, 20}, {0, 85, 36}, 5),                      // internal occipital protuberance
      std::abs(ellipsoid(m, {28, -58, -18}, {17, 19, 18})) - 1.3F,  // walls of the maxillary sinus
  };
  return *std::min_element(std::begin(parts), std::end(parts));
}

float air_spaces(Point p, const Patient& patient) {
  const Point m = mirrored(p);
  float air = ellipsoid(m, {7.5F, -19, 15}, {6.5F, 11, 8.5F});               // sphenoid sinus
  air = std::min(air, ellipsoid(m, {28, -58, -18}, {15.5F, 17.5F, 16.5F}));  // maxillary sinus
  air = std::min(air, capsule(m, {90, 16, -1}, {50, 14, 5}, 3.2F));          // ear canal
  air = std::min(air, ellipsoid(m, {5.5F, -66, -16}, {4, 28, 17}));          // nasal cavity
  air = std::min(air, ellipsoid(p, {0, -18, -26}, {13, 11, 16}));            // throat
  const float ethmoid = ellipsoid(p, {0, -60, 11}, {13, 27, 14});
  const float cell_wall = 0.9F - std::min(std::abs(std::remainder(p.x, 6.5F)), std::abs(std::remainder(p.y, 9.0F)));
  air = std::min(air, std::max(ethmoid, cell_wall));
  if (patient.frontal_sinus) air = std::min(air, ellipsoid(m, {11, -88, 38}, {9.5F, 4.5F, 11}));
  return air;
}

float orbit(Point p) { return tapered_capsule(mirrored(p), {31, -72, 12}, {15, -34, 17}, 18, 4); }

OrbitContent orbit_content(Point p) {
  const Point m = mirrored(p);
  const Point eyeball = {31, -76, 12};
  const float eye = sphere(m, eyeball, 12.2F);
  if (ellipsoid(m, {31, -84.5F, 12}, {4.2F, 2.2F, 4.2F}) < 0) return OrbitContent::lens;
  if (eye < -1.4F) return OrbitContent::vitreous;
  if (eye < 0) return OrbitContent::wall_or_muscle;
  const Point apex = {16, -36, 17};
  const bool nerve = capsule(m, eyeball + Point{-2, 11, 1}, apex, 2.2F) < 0;
  const bool medial = capsule(m, {19, -74, 12}, apex, 1.9F) < 0, lateral = capsule(m, {43, -70, 12}, apex, 1.9F) < 0;
  const bool upper = capsule(m, {31, -72, 25}, apex, 1.9F) < 0, lower = capsule(m, {31, -72, -1}, apex, 1.9F) < 0;
  return nerve || medial || lateral || upper || lower ? OrbitContent::wall_or_muscle : OrbitContent::fat;
}

}  // namespace io::phantom
