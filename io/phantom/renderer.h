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
  Renderer(const Patient& patient, const Scan& scan, const Hemorrhages& hemorrhages, const NoiseTile& noise);

  RenderedSlice render(int slice) const;

 private:
  const Patient& patient_;
  const Scan& scan_;
  const Hemorrhages& hemorrhages_;
  const NoiseTile& noise_;
  HeadPose pose_;
  HeadFields fields_;
};

}  // namespace io::phantom
