#include "io/phantom/truth.h"

#include <fmt/core.h>

#include "io/files/csv.h"
#include "io/labels.h"
#include "io/pictures/png_writer.h"

namespace io::phantom {
namespace {

std::string number(float value) { return fmt::format("{:.3g}", value); }

/// Name and value of everything that was drawn for patient and scanner, in one place so that they cannot part.
std::vector<std::pair<std::string, std::string>> parameters(const Study& study) {
  const Patient& p = study.patient();
  const Scan& s = study.scan();
  return {{"study", study.study_uid()},
          {"patient", study.patient_id()},
          {"size_x", number(p.size.x)},
          {"size_y", number(p.size.y)},
          {"size_z", number(p.size.z)},
          {"frontal_taper", number(p.frontal_taper)},
          {"plagiocephaly", number(p.plagiocephaly)},
          {"skull_thickness_mm", number(p.skull_thickness)},
          {"scalp_thickness_mm", number(p.scalp_thickness)},
          {"atrophy", number(p.atrophy)},
          {"ventricle_growth_mm", number(p.ventricle_growth)},
          {"grey_hu", number(p.hu.grey)},
          {"white_hu", number(p.hu.white)},
          {"fluid_hu", number(p.hu.csf)},
          {"dura_hu", number(p.hu.dura)},
          {"venous_blood_hu", number(p.hu.venous_blood)},
          {"cupping_hu", number(p.cupping)},
          {"gantry_tilt_degrees", number(s.site.gantry_tilt)},
          {"field_of_view_mm", number(s.field_of_view)},
          {"slice_spacing_mm", number(s.spacing_mm)},
          {"slice_thickness_mm", number(s.thickness_mm)},
          {"blur_mm", number(s.site.blur_mm)},
          {"sharpening", number(s.site.sharpening)},
          {"noise_hu", number(s.site.noise_hu)},
          {"nod_degrees", number(s.rotation.x * 57.29578F)},
          {"sideways_degrees", number(s.rotation.y * 57.29578F)},
          {"roll_degrees", number(s.rotation.z * 57.29578F)},
          {"offset_x_mm", number(s.offset.x)},
          {"offset_y_mm", number(s.offset.y)}};
}

std::string_view label_of(HemorrhageKind kind) { return label_names[static_cast<std::size_t>(kind) + 1]; }

}  // namespace

ImageTruth truth_of(const Study& study, int slice, const MadeSlice& made) {
  ImageTruth truth;
  truth.image = made.image.image_id;
  truth.patient = made.image.patient_id;
  truth.study = made.image.study_uid;
  truth.series = made.image.series_uid;
  truth.slice = slice;
  const Point middle = HeadPose(study.scan()).to_patient(slice_centre(study.scan(), slice));
  truth.height_mm = to_canonical(middle, study.patient()).z;
  truth.area_mm2 = made.mask.area_mm2;
  truth.labels[0] = made.mask.any();
  for (int kind = 0; kind < hemorrhage_kinds; ++kind)
    truth.labels[static_cast<std::size_t>(kind) + 1] = made.mask.positive(kind);
  return truth;
}

void write_label_table(const std::filesystem::path& path, const std::vector<ImageTruth>& images) {
  CsvWriter csv(path, {"ID", "Label"});
  for (const ImageTruth& image : images) {
    for (const std::size_t label : {1U, 2U, 3U, 4U, 5U, 0U}) {  // the challenge's order: any stands last
      csv.row(image.image + "_" + std::string(label_names[label]), image.labels[label] ? 1 : 0);
    }
  }
  csv.finish();
}

void write_image_table(const std::filesystem::path& path, const std::vector<ImageTruth>& train,
                       const std::vector<ImageTruth>& test) {
  std::vector<std::string> columns = {"image", "part", "patient", "study", "series", "slice", "height_mm", "any"};
  for (std::size_t label = 1; label < label_names.size(); ++label)
    columns.push_back(std::string(label_names[label]) + "_mm2");
  CsvWriter csv(path, columns);
  for (const auto& [part, images] : {std::pair{"train", &train}, std::pair{"test", &test}}) {
    for (const ImageTruth& image : *images) {
      csv.add(image.image).add(part).add(image.patient).add(image.study).add(image.series).add(image.slice);
      csv.add(number(image.height_mm)).add(image.labels[0] ? 1 : 0);
      for (const float area : image.area_mm2) csv.add(fmt::format("{:.1f}", area));
      csv.end_row();
    }
  }
  csv.finish();
}

StudyTruth truth_of(const Study& study) {
  StudyTruth truth;
  for (const auto& bleed : study.hemorrhages()) {
    const Point at = bleed->middle;
    truth.hemorrhages.push_back({study.study_uid(), std::string(label_of(bleed->kind())), number(bleed->hu),
                                 fmt::format("{:.0f} {:.0f} {:.0f}", at.x, at.y, at.z), number(bleed->edema_width),
                                 bleed->describe()});
  }
  for (const auto& [name, value] : parameters(study)) {
    truth.study_columns.push_back(name);
    truth.study.push_back(value);
  }
  for (const DenseDetail& detail : study.patient().details) {
    truth.details.push_back({study.study_uid(), detail.name, number(detail.radius), number(detail.hu)});
  }
  return truth;
}

void write_study_tables(const std::filesystem::path& folder, const std::vector<StudyTruth>& studies) {
  CsvWriter hemorrhages(folder / "hemorrhages.csv", {"study", "kind", "hu", "middle_mm", "edema_mm", "description"});
  CsvWriter details(folder / "dense_details.csv", {"study", "name", "radius_mm", "hu"});
  CsvWriter table(folder / "studies.csv", studies.at(0).study_columns);
  for (const StudyTruth& study : studies) {
    for (const auto& row : study.hemorrhages) {
      for (const std::string& field : row) hemorrhages.add(field);
      hemorrhages.end_row();
    }
    for (const auto& row : study.details) {
      for (const std::string& field : row) details.add(field);
      details.end_row();
    }
    for (const std::string& field : study.study) table.add(field);
    table.end_row();
  }
  hemorrhages.finish();
  details.finish();
  table.finish();
}

void write_mask(const std::filesystem::path& path, const BloodMask& mask, int size) {
  Picture picture{.width = size, .height = size, .channels = 1, .pixels = mask.pixels};
  for (std::uint8_t& value : picture.pixels) value = static_cast<std::uint8_t>(value * 40);
  write_png(path, picture);
}

}  // namespace io::phantom
