// The only place that decides how a convolution is computed. A plan is looked for once: in memory, then on disk, then
// among cuDNN's engines. The first one that its heuristics name and the filters accept is taken, or, where a way to
// measure is given (autotuning), the fastest of all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cuda/conv/conv_key.h"
#include "cuda/cudnn/cudnn_plan.h"
#include "cuda/runtime/plan_store.h"

namespace cuda {

struct ConvPlan {
  cudnn::Plan plan;
  std::int64_t engine = 0;  // cuDNN's number
  bool measured = false;    // against all others; or the first that served
};

/// The engines that a heuristic names and that may compute it, best guess first.
std::vector<cudnn::Candidate> conv_candidates(const ConvKey& key, const cudnn::Device& device,
                                              cudnn::Heuristic heuristic);

/// Runs a plan of the key and says how many milliseconds it took; an error if it does not run.
using MeasurePlan = std::function<double(const cudnn::Plan&)>;

/// What a plan may take of a device with so many bytes of memory while it runs: an eighth, but at least 1 GiB. A
/// function of the device alone, never of what is free, so that choices can be repeated. In bf16 no plan comes near it.
/// In f32 the engines that cuDNN's heuristics expect to be fastest want copies of whole maps, up to 12 GiB on an H200;
/// on a device that is too small for them the first that keeps within this is taken.
constexpr std::size_t conv_workspace_limit(std::size_t device_memory) {
  return std::max(device_memory / 8, std::size_t{1} << 30);
}

/// The plans of one device. Not for several threads at once.
class ConvPlans {
 public:
  /// Plans that want a larger workspace are left out.
  ConvPlans(cudnn::Device device, std::size_t workspace_limit, PlanStore store)
      : device_(std::move(device)), workspace_limit_(workspace_limit), store_(std::move(store)) {}

  /// The plan, good as long as this object. `measure` may be empty: then what is known serves, measured or not.
  /// An error names the convolution and why the last engine did not serve.
  const ConvPlan& get(const ConvKey& key, const MeasurePlan& measure = {});
  /// Whether there is a plan at all; looked for once.
  bool serves(const ConvKey& key);
  /// Whether get() would have to look among cuDNN's engines, and so take time.
  bool knows(const ConvKey& key) const { return plans_.contains(key); }

 private:
  ConvPlan load_or_choose(const ConvKey& key, const MeasurePlan& measure) const;
  ConvPlan choose_first(const ConvKey& key) const;
  ConvPlan choose_fastest(const ConvKey& key, const MeasurePlan& measure) const;

  cudnn::Device device_;
  std::size_t workspace_limit_;
  PlanStore store_;
  std::unordered_map<ConvKey, ConvPlan, ConvKeyHash> plans_;
  std::unordered_set<ConvKey, ConvKeyHash> without_plan_;
};

}  // namespace cuda
