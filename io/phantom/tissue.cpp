#include "io/phantom/tissue.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/brain_shape.h"
#include "io/phantom/dense_details.h"
#include "io/phantom/head_shape.h"
#include "io/phantom/shapes.h"

namespace io::phantom {
namespace {

constexpr float air_hu = -1000;
constexpr float cell_air_hu = -850;  // mastoid cells, with their walls

void set(Place& place, Matter matter, float hu) {
  place.matter = matter;
  place.hu = hu;
}

/// The vault ends at the orbits in front, at the base below.
float vault_bottom(float y) { return mix(24.0F, mix(0.0F, -14.0F, smooth_step(0, 40, y)), smooth_step(-70, -35, y)); }

}  // namespace

Place Anatomy::at(const Fields& fields, const std::vector<DenseDetail>& details) const {
  Place place{.fields = fields};
  if (fields.skin > 0) return place;
  if (fields.cavity >= 0) {
    outside_cavity(place);
    return place;
  }
  inside_cavity(place);
  const Point p = fields.canonical();
  for (const DenseDetail& detail : details) {
    float to_detail = distance(detail, p);
    if (detail.raggedness > 0 && to_detail < 4 * detail.raggedness)
      to_detail += detail.raggedness * noise_.at(p * 0.9F);
    if (to_detail < 0) set(place, Matter::blood_vessel, std::max(place.hu, detail.hu));
  }
  return place;
}

void Anatomy::outside_cavity(Place& place) const {
  const Fields& f = place.fields;
  const TissueValues& hu = patient_.hu;
  const Point p = f.canonical();
  if (f.air < 0) return set(place, Matter::air, air_hu);

  constexpr float thickest = 16;  // mm, of any vault
  const float thickness = f.vault < thickest ? bone_thickness(p, patient_) : 0.0F;
  const float vault_depth = std::min(f.vault, thickness - f.vault);  // from the nearer table
  const bool vault_bone = vault_depth > 0 && p.z > vault_bottom(p.y);
  const bool floor_bone = f.cavity < 3.2F && p.z < 50 && p.z > -17;
  const bool orbit_wall = f.orbit > 0 && f.orbit < 1.4F && p.y > -70;
  if (vault_bone || floor_bone || f.base_bone < 0 || orbit_wall) {
    const bool mastoid = f.base_bone < -2.5F && std::abs(p.x) > 44 && p.y > 20;
    if (mastoid && noise_.at(p * 0.8F) > 0) return set(place, Matter::air, cell_air_hu);
    const float deep = std::max(vault_bone ? vault_depth : 0.0F, -f.base_bone);
    const float spongy = smooth_step(1.4F, 2.6F, deep);
    return set(place, Matter::bone, mix(hu.cortical_bone, hu.spongy_bone + 120 * f.texture, spongy));
  }
  if (f.orbit < 0) {
    switch (orbit_content(p)) {
      case OrbitContent::fat:
        return set(place, Matter::soft_tissue, hu.fat);
      case OrbitContent::vitreous:
        return set(place, Matter::soft_tissue, 10);
      case OrbitContent::lens:
        return set(place, Matter::soft_tissue, 75);
      case OrbitContent::wall_or_muscle:
        return set(place, Matter::soft_tissue, 48);
    }
  }
  if (f.skin > -1.8F) return set(place, Matter::soft_tissue, hu.skin);
  // Fat over the vault; below, muscles with fat between them.
  const bool temporal_muscle = std::abs(p.x) > 40 && p.z < 58 && p.y > -66 && p.y < 14 && f.skin < -3.5F;
  const bool muscles = temporal_muscle || (p.z < 6 && f.skin < -5);
  const float layer = noise_.at(p * Point{0.75F, 0.75F, 0.12F});
  const bool muscle = muscles && layer > (temporal_muscle ? -1.5F : -0.8F);
  set(place, Matter::soft_tissue, muscle ? hu.muscle + 2 * f.texture : hu.fat + 25 * std::max(0.0F, layer));
}

bool Anatomy::is_dura(const Point& p) const {
  const bool falx = std::abs(p.x) < patient_.falx_half_thickness && falx_edge(p) < 0;
  if (falx) return true;
  constexpr float slope = 0.8F;  // cosine of the tent's usual steepness
  return p.z < 58 && slope * std::abs(p.z - tentorium_height(p)) < patient_.tentorium_half_thickness &&
         tentorium_extent(p) > 0;
}

void Anatomy::inside_cavity(Place& place) const {
  const Fields& f = place.fields;
  const Point p = f.canonical();
  place.below_tentorium = p.z < 56 && infratentorial(p);
  if (is_dura(p)) {
    set(place, Matter::dura, patient_.hu.dura);
  } else if (venous_sinuses(p, f.cavity, patient_) < 0) {
    set(place, Matter::blood_vessel, patient_.hu.venous_blood);
  } else if (place.below_tentorium) {
    hindbrain_and_cisterns(place);
  } else {
    hemispheres(place);
  }
  place.hu += patient_.cupping * std::exp(f.cavity / patient_.cupping_reach) + 0.7F * f.texture;
}

void Anatomy::hindbrain_and_cisterns(Place& place) const {
  const Fields& f = place.fields;
  const TissueValues& hu = patient_.hu;
  if (f.ventricle < 0) return set(place, Matter::ventricle, hu.csf);
  if (f.hindbrain > mix(4.5F, 0.5F, patient_.atrophy)) return set(place, Matter::fluid, hu.csf);
  // The cerebellum's leaves: thin layers of grey and white that CT just about shows.
  const Point p = f.canonical();
  const bool cerebellum = p.y > 30 && f.hindbrain > -14;
  const float leaf = cerebellum ? std::sin(1.5F * (f.hindbrain + 0.4F * f.texture)) : -0.4F;
  set(place, Matter::brain, mix(hu.white, hu.grey, 0.6F + 0.3F * leaf));
}

void Anatomy::hemispheres(Place& place) const {
  const Fields& f = place.fields;
  const TissueValues& hu = patient_.hu;
  const Point p = f.canonical();
  if (f.ventricle < 0) return set(place, Matter::ventricle, hu.csf);
  if (f.cistern < 0) return set(place, Matter::fluid, hu.csf);

  // Distance to the nearest fluid around the cortex: under the skull, in the fissure, in a sulcus, in a cistern.
  const float depth = place.depth();
  float to_fluid = p.z > 22 ? depth - patient_.cortical_csf * (1 + 0.35F * f.texture) : depth;
  to_fluid = std::min(to_fluid, f.cistern);
  if (falx_edge(p) < 1) {
    const float half_fissure =
        patient_.falx_half_thickness + mix(0.3F, 1.5F, patient_.atrophy) * (1 + 0.5F * f.texture);
    to_fluid = std::min(to_fluid, std::abs(p.x) - half_fissure);
  }
  const float reach = f.sulcus_depth - depth;
  if (reach > -3) {
    const float half_width = patient_.sulcus_half_width * std::clamp(reach / f.sulcus_depth, 0.0F, 1.0F);
    to_fluid = std::min(to_fluid, std::max(std::abs(f.sulcus) - half_width, -reach));
  }
  if (to_fluid < 0) return set(place, Matter::fluid, hu.csf);

  const float cortex = 1 - smooth_step(2.2F, 4.2F, to_fluid);
  const float nucleus = 1 - smooth_step(-1.0F, 0.5F, f.deep_grey);
  const float pale = patient_.leukoaraiosis * std::exp(-f.ventricle / 7);
  const float grey = std::max(cortex, nucleus);
  set(place, Matter::brain, mix(hu.white - pale, hu.grey, grey));
}

}  // namespace io::phantom
