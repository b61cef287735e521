// The parts that reports of training and of evaluation share: table of scores, ROC and calibration plots.
#pragma once

#include <span>
#include <string>

#include "train/evaluation/metrics.h"

namespace apps {

/// Per label and as means: log loss beside the class prior's, AUC, counts. `prior_remark` says where the class prior
/// comes from.
std::string score_section(const train::Scores& scores, const train::Scores& baseline, const std::string& prior_remark);

/// One panel a label.
std::string roc_section(std::span<const train::Probabilities> predictions, std::span<const train::ImageLabels> labels);
std::string calibration_section(std::span<const train::Probabilities> predictions,
                                std::span<const train::ImageLabels> labels);

/// "−47 %": by how much a loss lies below (or above) the baseline's. Empty if there is no baseline, or none to divide
/// by.
std::string relative_change(double loss, double baseline);

}  // namespace apps
