// report.html of `falx evaluate --out`: scores beside the class prior, ROC and calibration plots.
#pragma once

#include <string>

#include "train/evaluation/evaluate.h"

namespace apps {

/// The page as UTF-8 HTML: inline SVG and CSS, no script, nothing loaded from elsewhere.
std::string evaluation_report_html(const std::string& title, const train::Evaluation& evaluation);

}  // namespace apps
