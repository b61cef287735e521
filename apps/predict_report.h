// report.html of `falx predict`: gathers what the page shows.
#pragma once

#include "apps/report/study_report.h"
#include "train/predict.h"

namespace apps {

/// Per study its probabilities, those of an ensemble's members beside them, and pictures of the slices that matter.
StudyReport make_study_report(const train::PredictionRun& run, const train::Ensemble& ensemble,
                              train::SliceCache& cache);

}  // namespace apps
