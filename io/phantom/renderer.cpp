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
constexpr float table_hu = 120;

/// The head rest: an arc under the head, the same in every slice.
bool is_table(Point scanner) {
  const float radius = std::hypot(scanner.x, scanner.y + 22);
  return radius > 129 && radius < 131.8F && scanner.y > 45;
}

/// Lists shortened to what a slice can meet.
struct NearSlice {
  std::vector<DenseDetail> details;
  std::vector<const Hemorrhage*> bleeds;
};

}  // namespace

Renderer::Renderer(const Patient& patient, const Scan& scan, const Hemorrhages& hemorrhages, const NoiseTile& noise)
    : patient_(patient), scan_(scan), hemorrhages_(hemorrhages), noise_(noise), pose_(scan), fields_([&] {
        std::vector<MassEffect> pushes;
        for (const auto& bleed : hemorrhages) {
          if (const auto push = bleed->mass_effect(patient)) pushes.push_back(*push);
        }
        return HeadFields(patient, noise, pushes, -200, 200);
      }()) {}

RenderedSlice Renderer::render(int slice) const {
  const int size = scan_.size;
  const auto pixels = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
  RenderedSlice out;
  out.hu.assign(pixels, 0);
  out.inside_skull.assign(pixels, 0);

  const PictureAxes picture = axes(scan_);
  const float pixel = scan_.pixel_mm();
  const Point first = first_pixel(scan_, slice);
  const Point across = pose_.direction_to_patient(picture.row * pixel);
  const Anatomy anatomy(patient_, noise_);

  NearSlice near;
  const Point middle = slice_centre(scan_, slice), normal = picture.normal;
  const Point plane_normal = pose_.direction_to_patient(normal), plane_middle = pose_.to_patient(middle);
  const auto height = [&](Point canonical) {
    return std::abs(dot(from_canonical(canonical, patient_) - plane_middle, plane_normal));
  };
  const float slack = 0.5F * scan_.thickness_mm + 5;
  for (const DenseDetail& detail : patient_.details) {
    const float half_length = 0.5F * length(detail.to - detail.from);
    if (height((detail.from + detail.to) * 0.5F) < half_length + 2 * detail.radius + slack)
      near.details.push_back(detail);
  }
  for (const auto& bleed : hemorrhages_) {
    if (height(bleed->middle) < bleed->bounding_radius + slack) {
      near.bleeds.push_back(bleed.get());
      out.blood[static_cast<std::size_t>(bleed->kind())].resize(pixels);
    }
  }

  constexpr float weight = 1.0F / static_cast<float>(sample_places.size());
  for (const Point& place_in_voxel : sample_places) {
    const Point shift = picture.row * (place_in_voxel.x * pixel) + picture.column * (place_in_voxel.y * pixel) +
                        normal * (place_in_voxel.z * scan_.thickness_mm);
    for (int row = 0; row < size; ++row) {
      const Point row_start = first + shift + picture.column * (static_cast<float>(row) * pixel);
      const Point row_start_patient = pose_.to_patient(row_start);
      for (int column = 0; column < size; ++column) {
        const std::size_t at =
            static_cast<std::size_t>(row) * static_cast<std::size_t>(size) + static_cast<std::size_t>(column);
        const Point p = row_start_patient + across * static_cast<float>(column);
        if (!fields_.near_head(p)) {
          const bool table =
              scan_.site.table_visible && is_table(row_start + picture.row * (static_cast<float>(column) * pixel));
          out.hu[at] += weight * (table ? table_hu : -1000.0F);
          continue;
        }
        Place place = anatomy.at(fields_.at(p), near.details);
        if (place.inside_skull()) {
          out.inside_skull[at] += weight;
          const Hemorrhage* source = nullptr;
          float edema = 0;
          for (const Hemorrhage* bleed : near.bleeds) {
            if (length(place.fields.canonical() - bleed->middle) > bleed->bounding_radius) continue;
            const float distance = bleed->distance(place, noise_);
            if (distance < 0) {
              source = bleed;
              break;
            }
            if (bleed->edema_width > 0 && place.matter == Matter::brain) {
              edema = std::max(edema, 1 - smooth_step(0, bleed->edema_width, distance));
            }
          }
          if (source != nullptr) {
            place.hu = source->hu_at(place);
            out.blood[static_cast<std::size_t>(source->kind())][at] += weight;
          } else {
            place.hu -= 11 * edema;
          }
        }
        out.hu[at] += weight * place.hu;
      }
    }
  }
  return out;
}

}  // namespace io::phantom
