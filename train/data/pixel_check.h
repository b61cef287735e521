// Decoding every image once, before training relies on it. Part of train/data/dataset.h.
#pragma once

#include "train/data/dataset.h"
#include "train/data/slice_cache.h"

namespace train {

/// Decodes all images in parallel, through the cache: fills pixel_hash, and moves what cannot be decoded to `rejected`.
void check_pixels(Dataset& dataset, SliceCache& cache, const DatasetProgress& progress);

/// Pairs of images with equal pixel hashes, different patients and different labels, each later image with the first
/// that it contradicts.
std::vector<ConflictingTwins> find_conflicting_twins(const Dataset& dataset);

}  // namespace train
