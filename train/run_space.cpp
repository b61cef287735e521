#include "train/run_space.h"

#include <system_error>

#include "io/files/free_space.h"
#include "io/labels.h"
#include "models/registry.h"
#include "train/optimizer.h"

namespace train {
namespace {

/// What does not depend on the network: headers, tables and the report of a small run.
constexpr std::uint64_t small_files = 1U << 20U;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

}  // namespace

RunSpace run_space(const TrainConfig& config) {
  // The first layer's other channels, which depend on the data, hardly count.
  const auto network = models::make_model(config.model, {.classes = io::label_count, .size = config.size});
  std::uint64_t parameters = 0, buffers = 0;
  for (const auto& [name, parameter] : network->parameters()) {
    parameters += static_cast<std::uint64_t>(parameter->shape().elements());
  }
  for (const auto& [name, buffer] : network->buffers()) {
    buffers += static_cast<std::uint64_t>(buffer->shape().elements());
  }
  const std::uint64_t moments = optimizer_kind(config.optimizer) == OptimizerKind::sgd ? 1 : 2;
  constexpr std::uint64_t bytes = sizeof(float);
  return {.model = bytes * (parameters + buffers), .checkpoint = bytes * ((1 + moments) * parameters + buffers)};
}

void check_run_space(const TrainConfig& config, const RunDirectory& run) {
  const std::uint64_t there = size_of(run.model()) + size_of(run.checkpoint());
  const std::uint64_t needed = run_space(config).at_most() + small_files;
  if (needed > there) io::check_free_space(run.path, needed - there, "the run, with model and checkpoint,");
}

}  // namespace train
