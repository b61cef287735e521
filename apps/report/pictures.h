// Slices on a report page: picture, name and the six probabilities as bars.
#pragma once

#include <string>

#include "train/data/labels.h"

namespace apps {

/// Six lines: label, bar, probability and, with `labels`, the truth (● yes, ○ no, ? not known).
std::string probability_bars(const train::Probabilities& probability, const train::ImageLabels* labels = nullptr);

struct PictureFigure {
  std::string png, heatmap;  // bytes; the heat map may be empty
  std::string name;          // the image id
  std::string remark;        // "−12.5 mm"
  std::string badge;         // on the picture's corner; may be empty
};
std::string picture_figure(const PictureFigure& picture, const std::string& bars);

}  // namespace apps
