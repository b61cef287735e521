#include "io/phantom/traps.h"

#include <algorithm>
#include <cmath>

#include "io/phantom/identity.h"
#include "nn/core/parallel.h"

namespace io::phantom {
namespace {

/// Numbers for identifiers that no study of the data set uses.
constexpr std::uint64_t image_numbers = 1ULL << 35U, series_numbers = 1ULL << 38U, patient_number = 1ULL << 31U;
constexpr int coronal_images = 8, duplicates = 3, conflicts = 5;
static_assert(fewest_slices_for_traps == duplicates + 1,
              "identical and conflicting duplicates are of different slices");

class TrapWriter {
 public:
  TrapWriter(const std::filesystem::path& folder, const Study& study) : folder_(folder), study_(study) {
    const int slices = study.scan().slices;
    slices_.resize(static_cast<std::size_t>(slices));
    nn::parallel_for(0, slices, 1, [&](std::int64_t slice, std::int64_t) {
      slices_[static_cast<std::size_t>(slice)] = study_.make(static_cast<int>(slice));
    });
  }

  Traps write() {
    scout();
    coronal();
    bone_kernel();
    duplicate_files();
    conflicting_labels();
    return std::move(traps_);
  }

 private:
  void save(const DicomImage& image, const std::string& stem, const char* kind, const char* expected) {
    write_dicom(folder_ / (stem + ".dcm"), image);
    traps_.files.push_back({stem + ".dcm", kind, expected});
  }
  std::string new_image_id() { return image_id(study_.request().seed, image_numbers + next_image_++); }

  /// An image of the same study with a name of its own.
  DicomImage relative(std::uint64_t series) {
    DicomImage image = slices_[0].image;
    image.image_id = new_image_id();
    image.meta_instance_uid = meta_instance_uid(study_.request().seed, image_numbers + next_image_);
    image.series_uid = series_uid(study_.request().seed, series_numbers + series);
    return image;
  }

  const std::vector<std::int16_t>& slice_hu(int slice) const {
    return slices_[static_cast<std::size_t>(slice)].image.hu;
  }
  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(study_.scan().size) +
           static_cast<std::size_t>(column);
  }
  /// The slice shown in row `row` of an upright picture, -1 above and below the stack. Row 0 is the vertex.
  int slice_of_row(int row) const {
    const int slices = study_.scan().slices;
    const float from_top = static_cast<float>(row) * study_.scan().pixel_mm() / study_.scan().spacing_mm;
    const int slice = slices - 1 - static_cast<int>(from_top);
    return slice < 0 ? -1 : slice;
  }

  void scout() {
    const int size = study_.scan().size;
    DicomImage image = relative(0);
    image.row_direction = {0, 1, 0};
    image.column_direction = {0, 0, -1};
    image.extra = {{"ImageType", "ORIGINAL\\PRIMARY\\LOCALIZER"}};
    for (int row = 0; row < size; ++row) {
      const int slice = slice_of_row(row);
      for (int y = 0; y < size; ++y) {
        float sum = 0;
        for (int x = 0; x < size && slice >= 0; ++x) sum += static_cast<float>(slice_hu(slice)[index(y, x)] + 1000);
        image.hu[index(row, y)] = static_cast<std::int16_t>(std::min(sum / static_cast<float>(size) - 1000, 3000.0F));
      }
    }
    save(image, image.image_id, "scout", "skipped");
  }

  void coronal() {
    const int size = study_.scan().size;
    for (int plane = 0; plane < coronal_images; ++plane) {
      const int y = size * (plane + 3) / (coronal_images + 5);
      DicomImage image = relative(1);
      image.row_direction = {1, 0, 0};
      image.column_direction = {0, 0, -1};
      image.position = first_pixel(study_.scan(), study_.scan().slices - 1) + study_.scan().table_origin +
                       Point{0, static_cast<float>(y) * image.pixel_mm, 0};
      image.extra = {{"ImageType", "DERIVED\\PRIMARY\\MPR"}};
      for (int row = 0; row < size; ++row) {
        const int slice = slice_of_row(row);
        for (int x = 0; x < size; ++x) {
          image.hu[index(row, x)] = slice < 0 ? std::int16_t{-1000} : slice_hu(slice)[index(y, x)];
        }
      }
      save(image, image.image_id, "coronal", "skipped");
    }
  }

  void bone_kernel() {
    const int slices = study_.scan().slices;
    std::vector<MadeSlice> made(static_cast<std::size_t>(slices));
    nn::parallel_for(0, slices, 1, [&](std::int64_t slice, std::int64_t) {
      made[static_cast<std::size_t>(slice)] = study_.make_sharp(static_cast<int>(slice));
    });
    for (int slice = 0; slice < slices; ++slice) {
      MadeSlice& sharp = made[static_cast<std::size_t>(slice)];
      sharp.image.extra = {{"ImageType", "ORIGINAL\\PRIMARY\\AXIAL"},
                           {"SeriesDescription", "HEAD BONE"},
                           {"ConvolutionKernel", "BONEPLUS"}};
      save(sharp.image, sharp.image.image_id, "bone_kernel", "used, flagged");
      traps_.labelled.push_back(truth_of(study_, slice, sharp));
    }
  }

  void duplicate_files() {
    for (int i = 0; i < duplicates; ++i)
      save(middle_slice(i).image, new_image_id(), "duplicate", "one of the two is kept");
    DicomImage changed = middle_slice(duplicates).image;
    for (std::int16_t& hu : changed.hu) hu = static_cast<std::int16_t>(std::min(hu + 3, 3071));
    save(changed, new_image_id(), "conflicting_duplicate", "both are rejected");
  }

  void conflicting_labels() {
    const std::string other_patient = patient_id(study_.request().seed, patient_number);
    for (int i = 0; i < conflicts; ++i) {
      const int slice = middle_slice_number(i + duplicates + 1);
      const MadeSlice& original = slices_[static_cast<std::size_t>(slice)];
      DicomImage copy = relative(2);
      copy.hu = original.image.hu;
      copy.position = original.image.position;
      copy.patient_id = other_patient;
      copy.study_uid = study_uid(study_.request().seed, series_numbers);
      ImageTruth truth = truth_of(study_, slice, original);
      truth.image = copy.image_id, truth.patient = copy.patient_id, truth.study = copy.study_uid,
      truth.series = copy.series_uid;
      const bool bled = truth.labels[0];
      truth.labels = {};
      truth.labels[0] = truth.labels[5] = !bled;
      save(copy, copy.image_id, "label_conflict", "same pixels as another patient's image, other labels");
      traps_.labelled.push_back(truth);
    }
  }

  int middle_slice_number(int i) const {
    const int slices = study_.scan().slices;
    return (slices / 2 + i) % slices;
  }
  const MadeSlice& middle_slice(int i) const { return slices_[static_cast<std::size_t>(middle_slice_number(i))]; }

  const std::filesystem::path& folder_;
  const Study& study_;
  std::vector<MadeSlice> slices_;
  std::uint64_t next_image_ = 0;
  Traps traps_;
};

}  // namespace

Traps write_traps(const std::filesystem::path& folder, const Study& study) { return TrapWriter(folder, study).write(); }

}  // namespace io::phantom
