// From distances to matter: which tissue lies at one place of the head, and how dense it is.
#pragma once

#include <vector>

#include "io/phantom/head_fields.h"
#include "io/phantom/noise_tile.h"
#include "io/phantom/patient.h"

namespace io::phantom {

enum class Matter { air, soft_tissue, bone, dura, blood_vessel, fluid, ventricle, brain };

/// One place: what is there, and what a bleed needs to know to tell whether it reaches here.
struct Place {
  Fields fields;
  Matter matter = Matter::air;
  float hu = -1000;
  bool below_tentorium = false;

  /// Inside the skull, mm from its inner surface.
  float depth() const { return -fields.cavity; }
  bool inside_skull() const { return fields.cavity < 0; }
};

class Anatomy {
 public:
  Anatomy(const Patient& patient, const NoiseTile& noise) : patient_(patient), noise_(noise) {}

  /// The place with these fields, without bleeds. `details` are those that may be near.
  Place at(const Fields& fields, const std::vector<DenseDetail>& details) const;

 private:
  void outside_cavity(Place& place) const;
  void inside_cavity(Place& place) const;
  void hindbrain_and_cisterns(Place& place) const;
  void hemispheres(Place& place) const;
  bool is_dura(const Point& p) const;

  const Patient& patient_;
  const NoiseTile& noise_;
};

}  // namespace io::phantom
