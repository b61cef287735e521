// Which row of the label table belongs to which image. Part of train/data/dataset.h.
#pragma once

#include <string>
#include <string_view>

#include "train/data/dataset.h"
#include "train/data/labels.h"

namespace train {

/// A file's name without folder and extension. What follows the last dot is an extension if it has a letter and no
/// more than five characters: "ID_1.dcm" gives "ID_1", "1.2.840.113" stays.
std::string file_stem(std::string_view file);

/// Fills labels, `labelled`, `unlabelled` and `labels_without_image`. An image's row is that of its id, else of its
/// file stem if no other image has that stem or, as its id, that row. Where id and stem name two rows, the image goes
/// to `rejected`. Without a row: an error that names the first such image and counts the others, or, with mask_missing,
/// no label is known.
void match_labels(const LabelTable& table, const std::string& table_name, bool mask_missing, Dataset& dataset);

}  // namespace train
