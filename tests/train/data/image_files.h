// Small image files for the tests of data sets and loaders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace test {

/// A square axial CT slice.
struct SliceFile {
  std::string image_id = "ID_a", patient = "P1", study = "ST1", series = "SE1";
  double position_mm = 0;  // toward the head
  int size = 16;
  int seed = 0;  // of its pixels
};

/// HU between 0 and 99, by seed: what write_slice stores.
std::vector<std::int16_t> slice_pixels(const SliceFile& file);
void write_slice(const std::filesystem::path& path, const SliceFile& file);

/// A grey PNG of random pixels.
void write_picture(const std::filesystem::path& path, int width, int height, int seed);

void write_text(const std::filesystem::path& path, const std::string& text);

/// A table in the wide form: a header, and for each id a row whose `any` and `subdural` are `positive`.
struct LabelRow {
  std::string image;
  bool positive = false;
};
void write_labels(const std::filesystem::path& path, const std::vector<LabelRow>& rows);

}  // namespace test
