#include "io/phantom/scan.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

constexpr float degrees = 3.14159265F / 180;

}  // namespace

Site draw_site(std::uint64_t seed, std::uint64_t patient) {
  nn::Random random = stream(seed, Stream::site, patient);
  Site site;
  site.table_visible = random.uniform() < 0.6F;
  site.gantry_tilt = random.uniform() < 0.4F ? random.uniform(5, 20) : 0.0F;
  site.blur_mm = random.uniform(0.40F, 0.75F);
  site.sharpening = random.uniform(0.0F, 0.5F);
  site.noise_hu = random.uniform(2.0F, 4.0F);
  site.noise_grain_mm = random.uniform(0.45F, 0.9F);
  site.shading = {random.uniform(-2.5F, 2.5F), random.uniform(-2.5F, 2.5F), random.uniform(-1.5F, 4.0F)};
  site.padded = random.uniform() < 0.3F;
  return site;
}

Scan draw_scan(std::uint64_t seed, std::uint64_t study, const Site& site, const Patient& patient, int size,
               int slices) {
  nn::Random random = stream(seed, Stream::study, study);
  Scan scan{.site = site, .size = size, .slices = slices};
  scan.field_of_view = random.uniform(222, 262);
  // From the posterior fossa's floor to the vertex, with some slices beyond in some studies.
  const float bottom = random.uniform(-16, -2) * patient.size.z, top = random.uniform(104, 116) * patient.size.z;
  scan.spacing_mm = slices > 1 ? (top - bottom) / static_cast<float>(slices - 1) : 5.0F;
  scan.thickness_mm = std::min(scan.spacing_mm * random.uniform(0.85F, 1.0F), 8.0F);
  scan.first_mm = (slices > 1 ? bottom : random.uniform(45, 80)) - head_middle.z;
  const float nod = std::clamp(random.normal(), -2.0F, 2.0F) * 4,
              sideways = std::clamp(random.normal(), -2.0F, 2.0F) * 2.5F;
  const float roll = std::clamp(random.normal(), -2.5F, 2.5F) * 7;
  // With a tilted gantry the head usually lies so that the slices come out as without.
  scan.rotation = Point{nod + 0.7F * site.gantry_tilt, sideways, roll} * degrees;
  scan.offset = {random.uniform(-9, 9), random.uniform(-9, 9), 0};
  scan.table_origin = {random.uniform(-20, 20), random.uniform(-180, 40), random.uniform(-900, 900)};
  return scan;
}

PictureAxes axes(const Scan& scan) {
  const float tilt = scan.site.gantry_tilt * degrees;
  return {
      .row = {1, 0, 0}, .column = {0, std::cos(tilt), -std::sin(tilt)}, .normal = {0, std::sin(tilt), std::cos(tilt)}};
}

Point slice_centre(const Scan& scan, int slice) {
  return {0, 0, scan.first_mm + static_cast<float>(slice) * scan.spacing_mm};
}

Point first_pixel(const Scan& scan, int slice) {
  const PictureAxes picture = axes(scan);
  const float half = 0.5F * static_cast<float>(scan.size - 1) * scan.pixel_mm();
  return slice_centre(scan, slice) - (picture.row + picture.column) * half;
}

HeadPose::HeadPose(const Scan& scan) : offset_(scan.offset) {
  const float cx = std::cos(scan.rotation.x), sx = std::sin(scan.rotation.x);  // about x: nodding
  const float cy = std::cos(scan.rotation.y), sy = std::sin(scan.rotation.y);  // about y: an ear to its shoulder
  const float cz = std::cos(scan.rotation.z), sz = std::sin(scan.rotation.z);  // about z: turning
  rows_ = {Point{cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx},
           Point{sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx}, Point{-sy, cy * sx, cy * cx}};
}

Point HeadPose::direction_to_patient(Point d) const { return {dot(rows_[0], d), dot(rows_[1], d), dot(rows_[2], d)}; }

Point HeadPose::to_patient(Point scanner) const { return direction_to_patient(scanner - offset_) + head_middle; }

}  // namespace io::phantom
