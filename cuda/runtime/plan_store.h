// Plans kept on disk from one run to the next: looking for them takes a moment, measuring them minutes. One small file
// a plan, below a folder of cuDNN's version and the device; what cannot be read, or was written for something else, is
// as if it were not there and is written anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cuda {

struct StoredPlan {
  bool measured = false;
  std::int64_t engine = 0;
  std::string plan;  // cuDNN's text
};

/// FALX_CACHE, or else falx in XDG_CACHE_HOME, or else ~/.cache/falx. Empty (nothing is kept) if FALX_CACHE is set to
/// nothing, or if there is no home.
std::filesystem::path cache_folder();

class PlanStore {
 public:
  /// Keeps nothing.
  PlanStore() = default;
  /// Below `folder`, for this version of cuDNN and this device (any text that is the same for equal devices). An empty
  /// folder keeps nothing.
  PlanStore(const std::filesystem::path& folder, std::size_t cudnn_version, std::string_view device);

  /// What was saved under this key by the same version for the same device.
  std::optional<StoredPlan> load(std::string_view key) const;
  /// Whole or not at all. No error if it cannot be written: the plan then serves this run alone.
  void save(std::string_view key, const StoredPlan& plan) const;

 private:
  std::filesystem::path file(std::string_view key) const;
  std::string header(std::string_view key) const;

  std::filesystem::path folder_;
  std::string made_for_;
};

}  // namespace cuda
