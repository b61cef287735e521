// report.html of a training run: one self-contained page.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "train/data/labels.h"
#include "train/evaluation/metrics.h"
#include "train/history.h"

namespace apps {

/// A slice shown in a report: an 8-bit PNG as the network's user would see it.
struct SamplePicture {
  std::string png = {};      // the file's bytes
  std::string caption = {};  // the image id
  train::Probabilities probability = {};
  train::ImageLabels labels = {};
};

/// Everything on the page of a training run. Patient ids come hashed (train/data/pseudonym.h) or not at all.
struct RunReport {
  std::string title = {};     // the run's name
  std::string subtitle = {};  // "cnn, 96 px, 160 training and 40 validation patients"
  std::vector<train::HistoryRow> history = {};
  int best_epoch = 0;  // whose weights were kept; 0 if not known
  /// Validation images of the best epoch and their labels, for scores, ROC and calibration.
  std::vector<train::Probabilities> predictions = {};
  std::vector<train::ImageLabels> labels = {};
  train::Probabilities class_prior = {};  // the training part's prevalence
  std::vector<SamplePicture> samples = {};
  std::vector<std::pair<std::string, std::string>> configuration = {};  // option, value
  std::vector<std::string> warnings = {};                               // "not split by patient", ...
};

/// The page as UTF-8 HTML: inline SVG, CSS and pictures, no script, nothing loaded from elsewhere.
std::string run_report_html(const RunReport& report);

}  // namespace apps
