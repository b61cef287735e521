#include "train/data/pixel_check.h"

#include <algorithm>
#include <unordered_map>

#include "nn/core/parallel.h"

namespace train {

void check_pixels(Dataset& dataset, SliceCache& cache, const DatasetProgress& progress) {
  constexpr std::size_t block = 256;  // images between two calls of `progress`
  const std::size_t count = dataset.images.size();
  std::vector<std::optional<io::RejectedFile>> failures(count);
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t end = std::min(begin + block, count);
    nn::parallel_for(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end), 4,
                     [&](std::int64_t first, std::int64_t last) {
                       for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
                         DatasetImage& image = dataset.images[i];
                         try {
                           image.pixel_hash = pixel_hash(*cache.get(image.path, dataset.kind));
                         } catch (const io::FileRejected& error) {
                           failures[i] = error.row();
                           failures[i]->file = image.file;
                         }
                       }
                     });
    if (progress) progress("pixels", end, count);
  }
  std::vector<DatasetImage> kept;
  for (std::size_t i = 0; i < count; ++i) {
    if (failures[i]) {
      dataset.rejected.push_back(std::move(*failures[i]));
    } else {
      kept.push_back(std::move(dataset.images[i]));
    }
  }
  dataset.images = std::move(kept);
}

std::vector<Twins> find_conflicting_twins(const Dataset& dataset) {
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> of_hash;
  for (const std::size_t i : dataset.labelled()) of_hash[dataset.images[i].pixel_hash].push_back(i);
  std::vector<Twins> twins;
  for (const std::size_t i : dataset.labelled()) {
    const DatasetImage& image = dataset.images[i];
    for (const std::size_t earlier : of_hash[image.pixel_hash]) {
      if (earlier == i) break;
      const DatasetImage& other = dataset.images[earlier];
      if (other.patient != image.patient && other.labels != image.labels) {
        twins.push_back({earlier, i});
        break;
      }
    }
  }
  return twins;
}

std::vector<Twins> find_twins_across(const Dataset& dataset, std::span<const std::size_t> training,
                                     std::span<const std::size_t> validation) {
  std::unordered_map<std::uint64_t, std::size_t> first_of_hash;
  for (const std::size_t i : training) first_of_hash.emplace(dataset.images[i].pixel_hash, i);
  std::vector<Twins> twins;
  for (const std::size_t i : validation) {
    const auto found = first_of_hash.find(dataset.images[i].pixel_hash);
    if (found != first_of_hash.end()) twins.push_back({found->second, i});
  }
  return twins;
}

}  // namespace train
