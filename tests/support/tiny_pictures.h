// A data set that a network learns in seconds: small pictures, bright in the middle where the label is 1.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "io/pictures/png_writer.h"
#include "nn/core/philox.h"

namespace test {

struct TinyPictures {
  int patients = 8, images_each = 3, size = 32;
  std::uint64_t seed = 1;
  bool shuffled_labels = false;  // labels that have nothing to do with the pictures
};

/// Grey noise; `bleeds` adds a bright square.
inline io::Picture tiny_picture(int size, bool bleeds, nn::Random& random) {
  io::Picture picture{.width = size, .height = size, .channels = 1};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool inside = bleeds && y > size / 4 && y < size / 2 && x > size / 4 && x < size / 2;
      picture.pixels.push_back(static_cast<std::uint8_t>((inside ? 180 : 80) + static_cast<int>(random.below(40))));
    }
  }
  return picture;
}

/// Writes DIR/images/*.png, DIR/labels.csv (every second picture bleeds: any and subdural) and DIR/groups.csv.
inline void write_tiny_pictures(const std::filesystem::path& directory, const TinyPictures& options = {}) {
  std::filesystem::create_directories(directory / "images");
  std::ofstream labels(directory / "labels.csv"), groups(directory / "groups.csv");
  labels << "image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n";
  groups << "image,patient,study\n";
  nn::Random random(options.seed);
  int number = 0;
  for (int patient = 0; patient < options.patients; ++patient) {
    for (int i = 0; i < options.images_each; ++i, ++number) {
      const bool bleeds = number % 2 == 0;
      const std::string id = "picture" + std::to_string(number);
      io::write_png(directory / "images" / (id + ".png"), tiny_picture(options.size, bleeds, random));
      const int label = options.shuffled_labels ? static_cast<int>(random.below(2)) : (bleeds ? 1 : 0);
      labels << id << ',' << label << ",0,0,0,0," << label << '\n';
      groups << id << ",patient" << patient << ",study" << patient << '\n';
    }
  }
}

}  // namespace test
