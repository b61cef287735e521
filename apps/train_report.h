// report.html of a training run: gathers what the page shows.
#pragma once

#include "apps/report/run_report.h"
#include "train/training_run.h"

namespace apps {

/// From the run's history and the predictions.csv of its best epoch.
RunReport make_run_report(train::TrainingRun& run, const train::RunDirectory& directory);

}  // namespace apps
