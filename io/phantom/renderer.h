// Samples the head finer than the pixels and averages over each voxel, slice thickness included.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/phantom/head_fields.h"
#include "io/phantom/hemorrhage.h"
#include "io/phantom/patient.h"
#include "io/phantom/scan.h"

namespace io::phantom {

/// One slice before the scanner's blur and noise; all size * size, row after row.
struct RenderedSlice {
  std::vector<float> hu;
  /// Share of the voxel filled by each kind of bleed, [hemorrhage_kinds][size * size]; empty if there is none.
  std::array<std::vector<float>, hemorrhage_kinds> blood;
  /// Share of the voxel that lies inside the skull.
  std::vector<float> inside_skull;
};

/// A study's head, ready to be looked at slice by slice. Threads may render different slices at once.
class Renderer {
 public:
  /// Keeps references to all of them.
  Renderer(const Patient& patient, const Scan& scan, const Hemorrhages& hemorrhages, const NoiseTile& noise);

  RenderedSlice render(int slice) const;

 private:
  /// What a slice can meet at all.
  struct Nearby {
    std::vector<DenseDetail> details;
    std::vector<const Hemorrhage*> bleeds;
  };
  Nearby nearby(int slice) const;
  std::vector<std::uint8_t> pixels_near_head(int slice) const;
  /// Replaces tissue by blood where a bleed is, darkens it where edema is. Returns the bleed, if any.
  const Hemorrhage* bleed_into(Place& place, const Nearby& near) const;

  const Patient& patient_;
  const Scan& scan_;
  const Hemorrhages& hemorrhages_;
  const NoiseTile& noise_;
  HeadPose pose_;
  HeadFields fields_;
};

}  // namespace io::phantom
