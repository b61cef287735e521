// The images below a directory, before anything is known of labels and groups. Part of train/data/dataset.h.
#pragma once

#include <filesystem>
#include <optional>

#include "train/data/dataset.h"

namespace train {

/// A data set of stacks in order, without labels, neighbours and pixel hashes; patient and study as the headers say.
/// `kind` as in DatasetOptions; throws as load_dataset does.
Dataset scan_images(const std::filesystem::path& path, std::optional<ImageKind> kind, const DatasetProgress& progress);

}  // namespace train
