// The learning rate of every step: linear warm-up, then half a cosine (Loshchilov and Hutter 2017, without restarts).
#pragma once

#include <cstdint>

namespace train {

struct ScheduleOptions {
  double learning_rate = 2e-3;    // at the end of the warm-up
  double warmup_share = 0.1;      // of the whole training
  std::int64_t max_warmup = 500;  // steps
  double final_share = 0.01;      // of learning_rate, at the last step
};

/// The learning rate of step `step` (from 0) of `total` steps.
///
/// It depends on the step and the total alone. A run that is resumed with more epochs goes on with the rates that a
/// run of that many epochs has from this step on: the rate goes up again and then falls to the end of the cosine.
double learning_rate_at(const ScheduleOptions& options, std::int64_t step, std::int64_t total);

}  // namespace train
