#include "train/data/load_benchmark.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "io/files/safetensors.h"
#include "nn/core/error.h"
#include "nn/core/parallel.h"

namespace train {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

DecodedImage read_image(const std::string& path, ImageKind kind, io::ReadTimes& times) {
  return kind == ImageKind::dicom ? decoded_image(io::read_slice(path, &times)) : decode_image(path, kind);
}

/// A file's input into y; returns the milliseconds that the input alone took.
double load(const std::string& path, const Preprocessing& preprocessing, const nn::Tensor& y, io::ReadTimes& times) {
  const DecodedImage image = read_image(path, preprocessing.images, times);
  const std::vector<const DecodedImage*> slices(static_cast<std::size_t>(preprocessing.slices()), &image);
  const Clock::time_point begin = Clock::now();
  prepare_input(preprocessing, slices, {}, y);
  return milliseconds_since(begin);
}

nn::Tensor input_of(const Preprocessing& preprocessing) {
  return nn::Tensor::empty({1, preprocessing.size, preprocessing.size, preprocessing.channels()});
}

/// All files once; times are of the whole round, summed over threads but for `all`.
struct Round {
  double all = 0, input = 0;
  io::ReadTimes reading;
};

Round time_round(const std::vector<std::string>& files, const Preprocessing& preprocessing) {
  Round round;
  std::mutex mutex;
  const Clock::time_point begin = Clock::now();
  nn::parallel_for(0, static_cast<std::int64_t>(files.size()), 1, [&](std::int64_t first, std::int64_t last) {
    const nn::Tensor y = input_of(preprocessing);
    io::ReadTimes reading;
    double input = 0;
    for (std::int64_t i = first; i < last; ++i) {
      input += load(files[static_cast<std::size_t>(i)], preprocessing, y, reading);
    }
    const std::lock_guard lock(mutex);
    round.input += input;
    round.reading += reading;
  });
  round.all = milliseconds_since(begin);
  return round;
}

}  // namespace

LoadTimes benchmark_load(const std::vector<std::string>& files, const Preprocessing& preprocessing, int rounds) {
  NN_CHECK(!files.empty() && rounds >= 1, "[benchmark_load] needs a file and a round, got ", files.size(), " and ",
           rounds);
  preprocessing.check();
  time_round(files, preprocessing);
  std::vector<Round> times(static_cast<std::size_t>(rounds));
  for (Round& round : times) round = time_round(files, preprocessing);
  std::sort(times.begin(), times.end(), [](const Round& a, const Round& b) { return a.all < b.all; });
  const auto count = static_cast<double>(files.size());
  const double median = times[times.size() / 2].all;
  return {.images_per_second = 1000 * count / median,
          .milliseconds = median / count,
          .milliseconds_min = times.front().all / count,
          .milliseconds_max = times.back().all / count,
          .reading = times.front().reading / count,
          .input = times.front().input / count};
}

void write_inputs(const std::filesystem::path& path, const std::vector<std::string>& files,
                  const Preprocessing& preprocessing) {
  io::Safetensors inputs;
  for (const std::string& file : files) {
    const nn::Tensor y = input_of(preprocessing);
    io::ReadTimes times;
    load(file, preprocessing, y, times);
    inputs.tensors.push_back(
        io::stored_tensor<float>(std::filesystem::path(file).filename().string(), {y.h(), y.w(), y.c()},
                                 std::span<const float>(y.data<float>(), static_cast<std::size_t>(y.elements()))));
  }
  io::write_safetensors(path, inputs);
}

}  // namespace train
