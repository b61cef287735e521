// report.html of `falx predict`: per study what was found and on which slices. One self-contained page.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "train/data/labels.h"

namespace apps {

struct ReportSlice {
  std::string image = {};  // the image id
  std::string file = {};
  double position_mm = 0;  // NaN if not known
  train::Probabilities probability = {};
  std::string png = {};      // thumbnail, the file's bytes; may be empty for slices that need none
  std::string heatmap = {};  // PNG of the same size laid over it; may be empty
};

/// Slices in their order, from the feet to the head.
struct ReportSeries {
  std::string series = {};
  std::vector<std::string> flags = {};  // bone_kernel, contrast, thin_slices, lossy, ...
  std::vector<ReportSlice> slices = {};
};

/// What one member of an ensemble says of a study, by the same rule.
struct ReportMember {
  std::string name = {};
  train::Probabilities probability = {};
};

struct ReportStudy {
  std::string study = {};
  std::string patient = {};               // pseudonym
  train::Probabilities probability = {};  // of the study, by the stated rule
  std::vector<ReportSeries> series = {};
  std::vector<ReportMember> members = {};  // of an ensemble
  double disagreement = 0;                 // the largest of its images
  std::string disputed_image = {};         // which image that is
};

struct StudyReport {
  std::string title = {};
  std::string model = {};                                      // which model predicted, for the page's head
  std::string rule = "the largest probability of its slices";  // how a study's probability comes about
  std::vector<ReportStudy> studies = {};                       // in the order of the page: the largest `any` first
  int rejected_files = 0, skipped_files = 0;
  std::string skipped_reasons = {};  // "2 duplicate, 1 not dicom"
  std::vector<std::string> warnings = {};
  std::vector<std::pair<std::string, std::string>> configuration = {};
};

/// Indices of the at most `count` slices of a series worth a picture: the largest `any` first, those near a chosen
/// slice (a fourteenth of the series) only if nothing else is left. Callers make thumbnails of these.
std::vector<std::size_t> slices_that_matter(const ReportSeries& series, std::size_t count = 4);

/// The page as UTF-8 HTML: inline SVG, CSS and pictures, no script, nothing loaded from elsewhere.
std::string study_report_html(const StudyReport& report);

}  // namespace apps
