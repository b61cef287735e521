#include "io/phantom/study.h"

#include "io/phantom/detector.h"
#include "io/phantom/identity.h"
#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

/// Images are numbered over the data set; a second series of the same slices goes on where the first cannot reach.
std::uint64_t image_number(std::uint64_t study, std::uint64_t series, int slice) {
  return (study * 2 + series) * most_slices + static_cast<std::uint64_t>(slice);
}

}  // namespace

int draw_study_count(std::uint64_t seed, std::uint64_t patient) {
  const float u = stream(seed, Stream::study_count, patient).uniform();
  return u < 0.84F ? 1 : u < 0.96F ? 2 : 3;
}

Study::Study(const Request& request, const NoiseTile& noise)
    : request_(request),
      patient_(draw_patient(request.seed, request.patient)),
      style_(draw_header_style(request.seed, request.patient)),
      scan_(draw_scan(request.seed, number(), draw_site(request.seed, request.patient), patient_, request.size,
                      request.slices)),
      hemorrhages_(draw_hemorrhages(request.seed, number(), patient_, request.prevalence)),
      renderer_(patient_, scan_, hemorrhages_, noise) {}

std::string Study::patient_id() const { return phantom::patient_id(request_.seed, request_.patient); }
std::string Study::study_uid() const { return phantom::study_uid(request_.seed, number()); }
std::string Study::series_uid() const { return phantom::series_uid(request_.seed, number() * 2); }

MadeSlice Study::make(int slice) const { return make(slice, scan_, 0); }

MadeSlice Study::make_sharp(int slice) const {
  Scan sharp = scan_;
  sharp.site.blur_mm = 0.3F;
  sharp.site.sharpening = 2;
  sharp.site.noise_hu *= 4;
  sharp.site.noise_grain_mm = 0.35F;
  return make(slice, sharp, 1);
}

MadeSlice Study::make(int slice, const Scan& scan, std::uint64_t series) const {
  const std::uint64_t seed = request_.seed, image = image_number(number(), series, slice);
  const RenderedSlice rendered = renderer_.render(slice);
  const PictureAxes picture = axes(scan);
  MadeSlice made;
  made.mask = make_blood_mask(rendered, scan.pixel_mm());
  made.image = {.image_id = image_id(seed, image),
                .meta_instance_uid = meta_instance_uid(seed, image),
                .patient_id = patient_id(),
                .study_uid = study_uid(),
                .series_uid = phantom::series_uid(seed, number() * 2 + series),
                .position = first_pixel(scan, slice) + scan.table_origin,
                .row_direction = picture.row,
                .column_direction = picture.column,
                .pixel_mm = scan.pixel_mm(),
                .size = scan.size,
                .style = style_,
                .padded = scan.site.padded,
                .hu = detect(rendered, scan, seed, image),
                .extra = {}};
  return made;
}

}  // namespace io::phantom
