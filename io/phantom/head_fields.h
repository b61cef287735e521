// The anatomy of one study on a lattice: every smooth distance is computed once per 3.5 mm, then read by interpolation.
//
// Distances are smooth, so little is lost between lattice points, and a sample of the picture costs eight loads instead
// of some eighty primitives. The patient's own form (size, asymmetry, mass effect) is in the lattice: a sample knows
// where it lies in the canonical head.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "io/phantom/noise_tile.h"
#include "io/phantom/patient.h"
#include "io/phantom/point.h"

namespace io::phantom {

/// What is known at one place of the head; distances in mm, negative inside.
struct Fields {
  float x, y, z;  // in the canonical head
  float skin, vault, cavity, base_bone, air, orbit;
  float ventricle, cistern, deep_grey, hindbrain;
  float sulcus;        // crosses zero where a sulcus lies; about mm
  float sulcus_depth;  // how deep the sulci are here, mm
  float texture;       // slow noise of variance 1

  Point canonical() const { return {x, y, z}; }
};
inline constexpr std::size_t field_count = sizeof(Fields) / sizeof(float);
static_assert(field_count == 16);

/// Tissue pushed aside by a large bleed: within `radius` of `centre` (patient mm) all is moved by up to `shift`.
struct MassEffect {
  Point centre, shift;
  float radius = 40;
};

class HeadFields {
 public:
  HeadFields(const Patient& patient, const NoiseTile& noise, const std::vector<MassEffect>& pushes);

  /// False for a place certainly further than `margin` mm outside of the head, at the cost of one load.
  bool near_head(Point p, float margin) const;

  /// `p` in patient mm: the canonical head scaled to the patient's size, before it is laid into the scanner.
  Fields at(Point p) const;

 private:
  std::size_t index(int ix, int iy, int iz) const;

  Point origin_;
  int nx_, ny_, nz_;
  std::vector<Fields> points_;
};

/// Where a place of the patient lies in the canonical head, before any mass effect.
Point to_canonical(Point p, const Patient& patient);
/// The way back, to about a tenth of a millimetre.
Point from_canonical(Point p, const Patient& patient);

}  // namespace io::phantom
