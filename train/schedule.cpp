#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nn/core/error.h"

namespace train {

double learning_rate_at(const ScheduleOptions& options, std::int64_t step, std::int64_t total) {
  NN_CHECK(step >= 0 && step < total, "[schedule] step ", step, " of ", total);
  const auto warmup = std::min(
      options.max_warmup, static_cast<std::int64_t>(std::llround(options.warmup_share * static_cast<double>(total))));
  if (step < warmup) return options.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const std::int64_t last = std::max<std::int64_t>(1, total - 1 - warmup);
  const double progress = static_cast<double>(step - warmup) / static_cast<double>(last);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * progress));
  return options.learning_rate * (options.final_share + (1 - options.final_share) * cosine);
}

}  // namespace train
