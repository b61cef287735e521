#include "train/data/load_benchmark.h"

#include <algorithm>
#include <chrono>

#include "nn/core/error.h"
#include "nn/core/parallel.h"

namespace train {
namespace {

/// Milliseconds that all files take once.
double time_round(const std::vector<std::string>& files, const Preprocessing& preprocessing) {
  const auto begin = std::chrono::steady_clock::now();
  nn::parallel_for(0, static_cast<std::int64_t>(files.size()), 1, [&](std::int64_t first, std::int64_t last) {
    const nn::Tensor y = nn::Tensor::empty({1, preprocessing.size, preprocessing.size, preprocessing.channels()});
    for (std::int64_t i = first; i < last; ++i) {
      const DecodedImage image = decode_image(files[static_cast<std::size_t>(i)], preprocessing.images);
      const std::vector<const DecodedImage*> slices(static_cast<std::size_t>(preprocessing.slices()), &image);
      prepare_input(preprocessing, slices, {}, y);
    }
  });
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

LoadTimes benchmark_load(const std::vector<std::string>& files, const Preprocessing& preprocessing, int rounds) {
  NN_CHECK(!files.empty() && rounds >= 1, "[benchmark_load] needs a file and a round, got ", files.size(), " and ",
           rounds);
  preprocessing.check();
  time_round(files, preprocessing);
  std::vector<double> times(static_cast<std::size_t>(rounds));
  for (double& time : times) time = time_round(files, preprocessing);
  std::sort(times.begin(), times.end());
  const auto count = static_cast<double>(files.size());
  const double median = times[times.size() / 2];
  return {.images_per_second = 1000 * count / median,
          .milliseconds = median / count,
          .milliseconds_min = times.front() / count,
          .milliseconds_max = times.back() / count};
}

}  // namespace train
