#include "io/phantom/patient.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/dense_details.h"
#include "io/phantom/random_streams.h"
#include "io/phantom/shapes.h"

namespace io::phantom {
namespace {

/// Mean and standard deviation, cut at two and a half deviations.
float normal(nn::Random& random, float mean, float deviation) {
  return mean + deviation * std::clamp(random.normal(), -2.5F, 2.5F);
}

/// Grey and white move together with the scanner's calibration; blood in the sinuses with the hematocrit.
TissueValues draw_tissue_values(nn::Random& random, float atrophy) {
  TissueValues hu;
  const float calibration = normal(random, 0, 1.7F);
  hu.grey = 37.5F + calibration + normal(random, 0, 0.6F);
  hu.white = hu.grey - random.uniform(7.0F, 9.5F) + 1.0F * (0.5F - atrophy);
  hu.csf = std::max(2.0F, 7 + calibration + normal(random, 0, 2));
  hu.dura = random.uniform(42.0F, 78.0F);
  hu.venous_blood = random.uniform(42.0F, 74.0F);
  hu.fat = normal(random, -95, 7);
  hu.muscle = normal(random, 55, 4);
  hu.cortical_bone = random.uniform(1200.0F, 1700.0F);
  hu.spongy_bone = random.uniform(450.0F, 900.0F);
  return hu;
}

}  // namespace

Patient draw_patient(std::uint64_t seed, std::uint64_t index) {
  nn::Random random = stream(seed, Stream::patient, index);
  Patient p;
  const float overall = normal(random, 1.0F, 0.035F);
  p.size = {overall * normal(random, 1, 0.03F), overall * normal(random, 1, 0.03F), overall * normal(random, 1, 0.02F)};
  p.frontal_taper = random.uniform(0.10F, 0.24F);
  p.plagiocephaly = normal(random, 0, 0.02F);
  p.skull_thickness = std::max(4.5F, normal(random, 7, 1.2F));
  p.scalp_thickness = std::max(3.0F, normal(random, 5.5F, 1.3F));
  p.frontal_sinus = random.uniform() < 0.8F;

  p.atrophy = random.uniform();
  p.ventricle_growth = mix(-1.2F, 3.2F, p.atrophy) + normal(random, 0, 0.7F);
  p.ventricle_asymmetry = normal(random, 0, 0.7F);
  p.cortical_csf = mix(0.6F, 2.3F, p.atrophy) * random.uniform(0.7F, 1.2F);
  p.sulcus_half_width = mix(0.35F, 1.3F, p.atrophy) * random.uniform(0.8F, 1.2F);
  p.sulcus_depth = random.uniform(14.0F, 22.0F);
  p.leukoaraiosis = p.atrophy > 0.5F ? random.uniform(0.0F, 6.0F) : 0.0F;

  p.falx_half_thickness = random.uniform(0.6F, 2.1F);
  p.tentorium_half_thickness = random.uniform(0.6F, 2.0F);
  p.sinus_scale = random.uniform(0.8F, 1.5F);
  p.cupping = random.uniform(0.0F, 16.0F);
  p.cupping_reach = random.uniform(2.0F, 7.0F);

  p.hu = draw_tissue_values(random, p.atrophy);
  p.sulci = {random.uniform(0, 64), random.uniform(0, 64), random.uniform(0, 64)};
  p.texture = {random.uniform(0, 64), random.uniform(0, 64), random.uniform(0, 64)};
  p.details = draw_dense_details(seed, index, p);
  return p;
}

}  // namespace io::phantom
