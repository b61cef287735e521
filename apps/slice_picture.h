// An image as a person sees it: for reports.
#pragma once

#include <string>

#include "train/data/dataset.h"

namespace apps {

/// The bytes of a grey PNG of size x size pixels: DICOM in the brain window, 40/80, pictures as they are.
std::string slice_png(const train::DatasetImage& image, train::ImageKind kind, int size, train::SliceCache& cache);

}  // namespace apps
