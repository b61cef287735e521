#include "tests/train/data/image_files.h"

#include <fstream>

#include "io/phantom/dicom_writer.h"
#include "io/pictures/png_writer.h"
#include "nn/core/philox.h"

namespace test {
namespace {

template <class T>
std::vector<T> random_values(std::size_t count, std::uint32_t below, int seed) {
  nn::Random random(static_cast<std::uint64_t>(seed), 1);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.below(below));
  return values;
}

}  // namespace

std::vector<std::int16_t> slice_pixels(const SliceFile& file) {
  return random_values<std::int16_t>(static_cast<std::size_t>(file.size * file.size), 100, file.seed);
}

void write_slice(const std::filesystem::path& path, const SliceFile& file) {
  std::filesystem::create_directories(path.parent_path());
  io::phantom::DicomImage image;
  image.image_id = file.image_id;
  image.meta_instance_uid = "1.2.3";
  image.patient_id = file.patient;
  image.study_uid = file.study;
  image.series_uid = file.series;
  image.position = {0, 0, static_cast<float>(file.position_mm)};
  image.row_direction = {1, 0, 0};
  image.column_direction = {0, 1, 0};
  image.size = file.size;
  image.hu = slice_pixels(file);
  io::phantom::write_dicom(path, image);
}

void write_picture(const std::filesystem::path& path, int width, int height, int seed) {
  std::filesystem::create_directories(path.parent_path());
  io::write_png(path, {.width = width,
                       .height = height,
                       .channels = 1,
                       .pixels = random_values<std::uint8_t>(static_cast<std::size_t>(width * height), 256, seed)});
}

void write_text(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

void write_labels(const std::filesystem::path& path, const std::vector<LabelRow>& rows) {
  std::string text = "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n";
  for (const LabelRow& row : rows) text += row.image + (row.positive ? ",1,0,0,0,0,1\n" : ",0,0,0,0,0,0\n");
  write_text(path, text);
}

}  // namespace test
