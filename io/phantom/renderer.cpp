#include "io/phantom/renderer.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/shapes.h"
#include "io/phantom/tissue.h"

namespace io::phantom {
namespace {

/// Places of the samples in a voxel, each coordinate in (-0.5, 0.5): across, down, through the slice. Every sample has
/// a row, a column and a height of its own (a Latin square), so that eight of them see edges of any direction.
constexpr std::array<Point, 8> sample_places = {{{-0.4375F, 0.0625F, -0.4375F},
                                                 {0.1875F, -0.3125F, -0.3125F},
                                                 {-0.1875F, 0.4375F, -0.1875F},
                                                 {0.4375F, -0.0625F, -0.0625F},
                                                 {-0.3125F, -0.1875F, 0.0625F},
                                                 {0.0625F, 0.3125F, 0.1875F},
                                                 {0.3125F, 0.1875F, 0.3125F},
                                                 {-0.0625F, -0.4375F, 0.4375F}}};
constexpr float weight = 1.0F / static_cast<float>(sample_places.size());
constexpr float air_hu = -1000, table_hu = 120;
constexpr float edema_hu = -11;  // at the bleed's edge

/// The head rest: an arc under the head, the same in every slice.
bool is_table(Point scanner) {
  if (scanner.y < 45) return false;
  const float square = scanner.x * scanner.x + (scanner.y + 22) * (scanner.y + 22);
  return square > 129.0F * 129.0F && square < 131.8F * 131.8F;
}

std::vector<MassEffect> mass_effects(const Hemorrhages& hemorrhages, const Patient& patient) {
  std::vector<MassEffect> pushes;
  for (const auto& bleed : hemorrhages) {
    if (const auto push = bleed->mass_effect(patient)) pushes.push_back(*push);
  }
  return pushes;
}

}  // namespace

Renderer::Renderer(const Patient& patient, const Scan& scan, const Hemorrhages& hemorrhages, const NoiseTile& noise)
    : patient_(patient),
      scan_(scan),
      hemorrhages_(hemorrhages),
      noise_(noise),
      pose_(scan),
      fields_(patient, noise, mass_effects(hemorrhages, patient)) {}

Renderer::Nearby Renderer::nearby(int slice) const {
  const Point normal = pose_.direction_to_patient(axes(scan_).normal),
              middle = pose_.to_patient(slice_centre(scan_, slice));
  const float slack = 0.5F * scan_.thickness_mm + 5;
  const auto in_reach = [&](Point canonical, float radius) {
    return std::abs(dot(from_canonical(canonical, patient_) - middle, normal)) < 1.1F * radius + slack;
  };
  Nearby near;
  for (const DenseDetail& detail : patient_.details) {
    if (in_reach((detail.from + detail.to) * 0.5F, 0.5F * length(detail.to - detail.from) + 2 * detail.radius))
      near.details.push_back(detail);
  }
  for (const auto& bleed : hemorrhages_) {
    if (in_reach(bleed->middle, bleed->bounding_radius)) near.bleeds.push_back(bleed.get());
  }
  return near;
}

std::vector<std::uint8_t> Renderer::pixels_near_head(int slice) const {
  const PictureAxes picture = axes(scan_);
  const Point first = first_pixel(scan_, slice);
  const float pixel = scan_.pixel_mm(), margin = 0.5F * scan_.thickness_mm + pixel;
  std::vector<std::uint8_t> near;
  near.reserve(static_cast<std::size_t>(scan_.size) * static_cast<std::size_t>(scan_.size));
  const Point across = pose_.direction_to_patient(picture.row * pixel);
  for (int row = 0; row < scan_.size; ++row) {
    const Point start = pose_.to_patient(first + picture.column * (static_cast<float>(row) * pixel));
    for (int column = 0; column < scan_.size; ++column) {
      near.push_back(fields_.near_head(start + across * static_cast<float>(column), margin) ? 1 : 0);
    }
  }
  return near;
}

const Hemorrhage* Renderer::bleed_into(Place& place, const Nearby& near) const {
  float edema = 0;
  for (const Hemorrhage* bleed : near.bleeds) {
    const Point from_middle = place.fields.canonical() - bleed->middle;
    if (dot(from_middle, from_middle) > bleed->bounding_radius * bleed->bounding_radius) continue;
    const float distance = bleed->distance(place, noise_);
    if (distance < 0) {
      place.hu = bleed->hu_at(place);
      return bleed;
    }
    if (bleed->edema_width > 0 && place.matter == Matter::brain) {
      edema = std::max(edema, 1 - smooth_step(0, bleed->edema_width, distance));
    }
  }
  place.hu += edema_hu * edema;
  return nullptr;
}

RenderedSlice Renderer::render(int slice) const {
  const auto size = static_cast<std::size_t>(scan_.size);
  const Nearby near = nearby(slice);
  RenderedSlice out;
  out.hu.assign(size * size, 0);
  out.inside_skull.assign(size * size, 0);
  for (const Hemorrhage* bleed : near.bleeds) out.blood[static_cast<std::size_t>(bleed->kind())].resize(size * size);

  const std::vector<std::uint8_t> near_head = pixels_near_head(slice);
  const Anatomy anatomy(patient_, noise_);
  const PictureAxes picture = axes(scan_);
  const float pixel = scan_.pixel_mm();
  const Point across = pose_.direction_to_patient(picture.row * pixel);
  for (const Point& offset : sample_places) {
    const Point first = first_pixel(scan_, slice) + (picture.row * offset.x + picture.column * offset.y) * pixel +
                        picture.normal * (offset.z * scan_.thickness_mm);
    for (std::size_t row = 0; row < size; ++row) {
      const Point start = first + picture.column * (static_cast<float>(row) * pixel);
      const Point start_in_patient = pose_.to_patient(start);
      for (std::size_t column = 0; column < size; ++column) {
        const std::size_t at = row * size + column;
        const auto step = static_cast<float>(column);
        if (near_head[at] == 0) {
          const bool table = scan_.site.table_visible && is_table(start + picture.row * (step * pixel));
          out.hu[at] += weight * (table ? table_hu : air_hu);
          continue;
        }
        Place place = anatomy.at(fields_.at(start_in_patient + across * step), near.details);
        if (place.inside_skull()) {
          out.inside_skull[at] += weight;
          if (const Hemorrhage* bleed = bleed_into(place, near))
            out.blood[static_cast<std::size_t>(bleed->kind())][at] += weight;
        }
        out.hu[at] += weight * place.hu;
      }
    }
  }
  return out;
}

}  // namespace io::phantom
