// How each kind of bleed fills space. What to draw at random stands in hemorrhage_draw.cpp.
#pragma once

#include <string>

#include "io/phantom/hemorrhage.h"

namespace io::phantom {

/// A place on the inner table of the skull and the direction out of the head there.
struct InnerTable {
  Point at, outward;
};
/// Where a ray from the middle of the brain meets the skull.
InnerTable find_inner_table(Point direction);

/// Between bone and dura: a lens, bulging into the brain because the sutures hold the dura at its rim.
class EpiduralHematoma final : public Hemorrhage {
 public:
  EpiduralHematoma(InnerTable origin, float thickness, float width);
  HemorrhageKind kind() const override { return HemorrhageKind::epidural; }
  float distance(const Place& place, const NoiseTile& noise) const override;
  std::string describe() const override;
  std::optional<MassEffect> mass_effect(const Patient& patient) const override;

 private:
  InnerTable origin_;
  float thickness_, width_;
  Point ball_;  // the lens is what this ball has in common with the inside of the skull
  float ball_radius_;
};

/// Below the dura: a crescent over one hemisphere, or a layer along falx or tentorium. Never crosses the midline.
class SubduralHematoma final : public Hemorrhage {
 public:
  enum class Site { convexity, falx, tentorium };
  SubduralHematoma(Site site, InnerTable origin, float thickness, Point reach, const Patient& patient);
  HemorrhageKind kind() const override { return HemorrhageKind::subdural; }
  float distance(const Place& place, const NoiseTile& noise) const override;
  std::string describe() const override;
  std::optional<MassEffect> mass_effect(const Patient& patient) const override;

 private:
  Site site_;
  InnerTable origin_;
  float thickness_;
  Point reach_;             // mm along y and z
  float side_;              // -1 right, 1 left
  float falx_, tentorium_;  // half thickness of the dura it lies on
};

/// Between the pia and the arachnoid: fills and widens sulci around a place of the surface, or the basal cisterns.
class SubarachnoidHemorrhage final : public Hemorrhage {
 public:
  SubarachnoidHemorrhage(Point centre, float radius, float half_width, bool basal);
  HemorrhageKind kind() const override { return HemorrhageKind::subarachnoid; }
  float distance(const Place& place, const NoiseTile& noise) const override;
  std::string describe() const override;

 private:
  float radius_, half_width_;
  bool basal_;
};

/// In the ventricles: sunk to the back with a level, or a cast that fills and stretches one.
class IntraventricularHemorrhage final : public Hemorrhage {
 public:
  struct Extent {
    bool left = true, right = true, third = false, fourth = false;
    float level_y = -200;  // lateral ventricles hold blood behind this, where it has sunk to in a lying patient
    float stretch = 1.5F;  // mm by which a cast widens the ventricle
  };
  explicit IntraventricularHemorrhage(const Extent& extent);
  HemorrhageKind kind() const override { return HemorrhageKind::intraventricular; }
  float distance(const Place& place, const NoiseTile& noise) const override;
  std::string describe() const override;

 private:
  Extent extent_;
};

/// In the brain itself: a ragged blob, with edema around it.
class IntraparenchymalHemorrhage final : public Hemorrhage {
 public:
  IntraparenchymalHemorrhage(Point centre, Point radii, float raggedness, bool below_tentorium);
  HemorrhageKind kind() const override { return HemorrhageKind::intraparenchymal; }
  float distance(const Place& place, const NoiseTile& noise) const override;
  std::string describe() const override;
  std::optional<MassEffect> mass_effect(const Patient& patient) const override;

 private:
  Point radii_;
  float raggedness_;
  bool below_tentorium_;
};

}  // namespace io::phantom
