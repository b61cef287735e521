#include "io/phantom/head_fields.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "io/phantom/brain_shape.h"
#include "io/phantom/head_shape.h"
#include "io/phantom/shapes.h"
#include "nn/core/parallel.h"

namespace io::phantom {
namespace {

constexpr float spacing = 3.5F;          // mm
constexpr Point low = {-98, -134, -64};  // patient mm; holds the largest head drawn
constexpr Point high = {98, 116, 140};
constexpr float far_outside = 1e3F;

/// Gyri: sheets that run from the surface to the middle, one every 13 mm or so, winding.
float sulcus_sheet(Point p, const Patient& patient, const NoiseTile& noise) {
  const Point from_middle = p - Point{0, 0, 40};
  const float distance_from_middle = length(from_middle) + 1e-3F;
  // On a sphere of 62 mm around the middle, with a little left of the depth so that sheets curve.
  const Point on_shell = from_middle * ((62 + 0.4F * (distance_from_middle - 62)) / distance_from_middle);
  constexpr float cell = 1.75F;  // mm
  const float broad = noise.at(on_shell * (1 / cell) + patient.sulci);
  const float fine = noise.at(on_shell * (1.9F / cell) + patient.sulci + Point{17, 31, 5});
  // Noise of variance 1 that changes sign every 13 mm has a slope of 1 in about 4 mm.
  return 4.0F * (broad + 0.25F * fine);
}

/// No organ is as smooth as its formula: places shift by some 1.5 mm, each 30 mm another way.
Point irregular(Point p, const Patient& patient, const NoiseTile& noise) {
  const Point at = p * (1 / 4.0F) + patient.texture;
  const Point shift = {noise.at(at), noise.at(at + Point{21, 3, 40}), noise.at(at + Point{5, 44, 13})};
  return p + shift * 1.5F;
}

/// `bony` is the place in the canonical head, `p` the same after mass effect: bone stays where it is, the brain yields.
Fields anatomy(Point bony, Point p, const Patient& patient, const NoiseTile& noise) {
  Fields f{};
  f.x = p.x, f.y = p.y, f.z = p.z;
  f.skin = skin(bony, patient);
  if (f.skin > 16) return f;
  f.vault = vault(bony);
  f.cavity = cranial_cavity(bony);
  const bool base = bony.z < 62;
  f.base_bone = base ? base_bone(bony) : far_outside;
  f.air = base ? air_spaces(bony, patient) : far_outside;
  f.orbit = base ? orbit(bony) : far_outside;
  const bool brain = f.cavity < 8;
  f.ventricle = f.cistern = f.deep_grey = f.hindbrain = far_outside;
  f.texture = noise.at(p * (1 / 3.5F) + patient.texture);
  if (brain) {
    const Point q = irregular(p, patient, noise);
    f.ventricle = ventricles(q, patient);
    f.deep_grey = deep_grey(q);
    if (p.z < 84) f.cistern = cisterns(q, patient);
    if (p.z < 70) f.hindbrain = hindbrain(p);
    f.sulcus = sulcus_sheet(p, patient, noise);
    f.sulcus_depth = patient.sulcus_depth * (1 + 0.3F * noise.at(p * (1 / 4.0F) + patient.texture + Point{9, 40, 22}));
  }
  return f;
}

Point push_aside(Point p, const std::vector<MassEffect>& pushes) {
  for (const MassEffect& push : pushes) {
    const Point d = p - push.centre;
    p = p - push.shift * std::exp(-dot(d, d) / (push.radius * push.radius));
  }
  return p;
}

}  // namespace

Point to_canonical(Point p, const Patient& patient) {
  Point q = p / patient.size;
  q.y += patient.plagiocephaly * q.x * (q.y > 0 ? q.y : -q.y) / 85;
  q.x *= 1 - 0.5F * patient.frontal_taper * std::clamp(q.y / 85, -1.2F, 1.2F);
  return q;
}

Point from_canonical(Point p, const Patient& patient) {
  Point guess = p * patient.size;
  for (int step = 0; step < 4; ++step) guess = guess + (p - to_canonical(guess, patient)) * patient.size;
  return guess;
}

HeadFields::HeadFields(const Patient& patient, const NoiseTile& noise, const std::vector<MassEffect>& pushes)
    : origin_(low),
      nx_(static_cast<int>((high.x - low.x) / spacing) + 2),
      ny_(static_cast<int>((high.y - low.y) / spacing) + 2),
      nz_(static_cast<int>((high.z - low.z) / spacing) + 2),
      points_(static_cast<std::size_t>(nx_) * static_cast<std::size_t>(ny_) * static_cast<std::size_t>(nz_)) {
  nn::parallel_for(0, std::int64_t{nz_} * ny_, ny_, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const int iz = static_cast<int>(row / ny_), iy = static_cast<int>(row % ny_);
      for (int ix = 0; ix < nx_; ++ix) {
        const Point step = {static_cast<float>(ix), static_cast<float>(iy), static_cast<float>(iz)};
        const Point p = origin_ + step * spacing;
        const Point pushed = to_canonical(push_aside(p, pushes), patient);
        points_[index(ix, iy, iz)] = anatomy(to_canonical(p, patient), pushed, patient, noise);
      }
    }
  });
}

std::size_t HeadFields::index(int ix, int iy, int iz) const {
  return (static_cast<std::size_t>(iz) * static_cast<std::size_t>(ny_) + static_cast<std::size_t>(iy)) *
             static_cast<std::size_t>(nx_) +
         static_cast<std::size_t>(ix);
}

bool HeadFields::near_head(Point p, float margin) const {
  const Point u = (p - origin_) * (1 / spacing) + Point{0.5F, 0.5F, 0.5F};
  if (!(u.x >= 1 && u.y >= 1 && u.z >= 0.5F)) return false;
  const int ix = static_cast<int>(u.x), iy = static_cast<int>(u.y), iz = static_cast<int>(u.z);
  if (ix >= nx_ - 1 || iy >= ny_ - 1 || iz >= nz_) return false;
  return points_[index(ix, iy, iz)].skin < margin + 0.87F * spacing;  // half a cell's diagonal
}

Fields HeadFields::at(Point p) const {
  const Point u = (p - origin_) * (1 / spacing);
  const int ix = std::clamp(static_cast<int>(u.x), 0, nx_ - 2), iy = std::clamp(static_cast<int>(u.y), 0, ny_ - 2);
  const int iz = std::clamp(static_cast<int>(u.z), 0, nz_ - 2);
  const float tx = u.x - static_cast<float>(ix), ty = u.y - static_cast<float>(iy), tz = u.z - static_cast<float>(iz);
  const float weights[8] = {
      (1 - tx) * (1 - ty) * (1 - tz), tx * (1 - ty) * (1 - tz), (1 - tx) * ty * (1 - tz), tx * ty * (1 - tz),
      (1 - tx) * (1 - ty) * tz,       tx * (1 - ty) * tz,       (1 - tx) * ty * tz,       tx * ty * tz};
  std::array<float, field_count> sum{};
  for (int corner = 0; corner < 8; ++corner) {
    const auto values = std::bit_cast<std::array<float, field_count>>(
        points_[index(ix + (corner & 1), iy + (corner >> 1 & 1), iz + (corner >> 2))]);
    for (std::size_t i = 0; i < field_count; ++i) sum[i] += weights[corner] * values[i];
  }
  return std::bit_cast<Fields>(sum);
}

}  // namespace io::phantom
