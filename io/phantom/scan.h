// How one study is scanned: where the head lies, where the slices are, what the scanner's kernel and dose do.
// Nothing here depends on what is in the head.
#pragma once

#include <array>
#include <cstdint>

#include "io/phantom/patient.h"
#include "io/phantom/point.h"

namespace io::phantom {

/// Habits of the scanner and its software; a patient stays with one site.
struct Site {
  bool table_visible = true;
  float gantry_tilt = 0;  // degrees; slices lean, the table goes straight on
  float blur_mm = 0.5F;   // standard deviation of the point spread in plane
  float sharpening = 0;   // part of the lost edge the kernel gives back
  float noise_hu = 3;     // standard deviation in the middle of the brain
  float noise_grain_mm = 0.7F;
  Point shading = {};   // HU at the rim of the brain by scatter: toward the left, the back, and all around
  bool padded = false;  // outside the scanned circle stands a padding value
};

struct Scan {
  Site site;
  int size = 512, slices = 24;
  float field_of_view = 240;  // mm
  float spacing_mm = 5, thickness_mm = 5;
  float first_mm = 0;       // of slice 0 on the table's axis, from the middle of the canonical head
  Point rotation = {};      // of the head, radians: nod, turn sideways, roll in the picture
  Point offset = {};        // of the head's middle from the scanner's axis, mm
  Point table_origin = {};  // added to positions in headers

  float pixel_mm() const { return field_of_view / static_cast<float>(size); }
};

Site draw_site(std::uint64_t seed, std::uint64_t patient);
/// `study` counts over the whole data set.
Scan draw_scan(std::uint64_t seed, std::uint64_t study, const Site& site, const Patient& patient, int size, int slices);

/// Directions of a picture in the scanner: along a row, down a column, from slice to slice (the normal).
struct PictureAxes {
  Point row, column, normal;
};
PictureAxes axes(const Scan& scan);

/// The middle of slice `slice` in the scanner, mm.
Point slice_centre(const Scan& scan, int slice);
/// The middle of the first pixel in the scanner, as ImagePositionPatient has it (without table_origin).
Point first_pixel(const Scan& scan, int slice);

/// From the scanner's millimetres to the patient's (head_fields.h): a rotation and a shift.
class HeadPose {
 public:
  explicit HeadPose(const Scan& scan);
  Point to_patient(Point scanner) const;
  Point direction_to_patient(Point direction) const;

 private:
  std::array<Point, 3> rows_;  // of the rotation matrix
  Point offset_;
};

/// Patient mm around which the head turns.
inline constexpr Point head_middle = {0, 0, 45};

}  // namespace io::phantom
