// Decoding every image once, before training relies on it. Part of train/data/dataset.h.
#pragma once

#include <span>
#include <vector>

#include "train/data/dataset.h"
#include "train/data/slice_cache.h"

namespace train {

/// Decodes all images in parallel, through the cache: fills pixel_hash, and moves what cannot be decoded to `rejected`.
void check_pixels(Dataset& dataset, SliceCache& cache, const DatasetProgress& progress);

/// Pairs of images with equal pixel hashes, different patients and different labels, each later image with the first
/// that it contradicts.
std::vector<Twins> find_conflicting_twins(const Dataset& dataset);

/// Pairs of images with equal pixels on both sides of a split, each of `validation` with the first of `training`.
std::vector<Twins> find_twins_across(const Dataset& dataset, std::span<const std::size_t> training,
                                     std::span<const std::size_t> validation);

}  // namespace train
