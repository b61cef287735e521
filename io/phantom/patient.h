// What makes one patient's head differ from another's. Everything is drawn from (seed, patient), nothing from a label.
#pragma once

#include <cstdint>
#include <vector>

#include "io/phantom/point.h"

namespace io::phantom {

/// Something small and dense that is no bleed: a calcification or a vessel, as a thickened line.
struct DenseDetail {
  Point from, to;         // canonical mm
  float radius = 1;       // mm
  float hu = 100;         // at its core
  float raggedness = 0;   // 0 a smooth tube, 1 a crumbly calcification
  const char* name = "";  // for truth/: "pineal", "choroid plexus", ...
};

/// Grey values of one patient's tissues, in HU.
struct TissueValues {
  float grey = 38, white = 29, csf = 7;
  float dura = 48;          // falx and tentorium
  float venous_blood = 52;  // dural sinuses; follows the hematocrit
  float fat = -95, muscle = 55, skin = 40;
  float cortical_bone = 1500, spongy_bone = 700;
};

/// Lengths in mm, in the canonical head that every organ is described in (head_shape.h, brain_shape.h).
struct Patient {
  Point size = {1, 1, 1};      // canonical times this is the patient
  float frontal_taper = 0.1F;  // how much narrower the forehead is than the back
  float plagiocephaly = 0;     // shear of the left half against the right
  float skull_thickness = 7, scalp_thickness = 5;
  bool frontal_sinus = true;

  float atrophy = 0.3F;            // 0 a tight young brain, 1 an old shrunken one
  float ventricle_growth = 0;      // mm added to the radius of all ventricles
  float ventricle_asymmetry = 0;   // mm more on the left
  float cortical_csf = 1;          // mm of fluid between brain and bone
  float sulcus_half_width = 0.8F;  // mm at the surface
  float sulcus_depth = 18;         // mm
  float leukoaraiosis = 0;         // HU by which the white matter around the ventricles is darker

  float falx_half_thickness = 0.8F, tentorium_half_thickness = 0.9F;
  float sinus_scale = 1;                 // calibre of the venous sinuses
  float cupping = 4, cupping_reach = 5;  // HU beside the inner table by beam hardening, mm of its decay

  TissueValues hu;
  std::vector<DenseDetail> details;
  Point sulci, texture;  // where this patient's noise begins in the tile, cells
};

/// Patient number `index` of the data set with this seed.
Patient draw_patient(std::uint64_t seed, std::uint64_t index);

}  // namespace io::phantom
