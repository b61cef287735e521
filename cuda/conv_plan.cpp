#include "cuda/conv_plan.h"

#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "nn/core/error.h"

namespace cuda {
namespace {

/// Builds candidates one by one; remembers why the last one did not serve.
class Builder {
 public:
  Builder(const ConvKey& key, const cudnn::Device& device, std::size_t workspace_limit)
      : key_(key), device_(device), workspace_limit_(workspace_limit) {}

  std::optional<cudnn::Plan> build(const cudnn::Candidate& candidate) {
    try {
      cudnn::Plan plan(candidate, device_);
      if (plan.workspace_bytes() <= workspace_limit_) return plan;
      reason_ = nn::message("engine ", candidate.engine(), " wants a workspace of ", plan.workspace_bytes(),
                            " bytes, at most ", workspace_limit_, " are allowed");
    } catch (const nn::Error& error) {
      reason_ = error.what();
    }
    return std::nullopt;
  }

  void failed_to_run(const nn::Error& error) { reason_ = error.what(); }

  [[noreturn]] void give_up() const {
    throw nn::Error(nn::message("[conv2d] cuDNN ", cudnnGetVersion(), " has no way to compute ", text(key_), ": ",
                                reason_.empty() ? "no engine fits" : reason_));
  }

 private:
  const ConvKey& key_;
  const cudnn::Device& device_;
  std::size_t workspace_limit_;
  std::string reason_;
};

}  // namespace

std::vector<cudnn::Candidate> conv_candidates(const ConvKey& key, const cudnn::Device& device, bool all) {
  const cudnn::Graph graph = conv_graph(key);
  std::vector<cudnn::Candidate> found;
  const auto add = [&](cudnn::Heuristic heuristic) {
    for (cudnn::Candidate& candidate : cudnn::candidates(graph, device, heuristic)) {
      if (accepts(key, candidate.notes())) found.push_back(std::move(candidate));
    }
  };
  add(cudnn::Heuristic::fast);
  if (all) add(cudnn::Heuristic::accurate);
  add(cudnn::Heuristic::fallback);
  return found;
}

const ConvPlan& ConvPlans::get(const ConvKey& key, const MeasurePlan& measure) {
  const auto known = plans_.find(key);
  if (known != plans_.end() && (known->second.measured || !measure)) return known->second;
  return plans_.insert_or_assign(key, load_or_choose(key, measure)).first->second;
}

ConvPlan ConvPlans::load_or_choose(const ConvKey& key, const MeasurePlan& measure) const {
  if (const std::optional<StoredPlan> stored = store_.load(text(key)); stored && (stored->measured || !measure)) {
    try {
      ConvPlan plan{cudnn::Plan(stored->plan, device_), stored->engine, stored->measured};
      if (plan.plan.workspace_bytes() <= workspace_limit_) return plan;
    } catch (const nn::Error&) {  // cuDNN no longer takes it: choose again
    }
  }
  ConvPlan plan = measure ? choose_fastest(key, measure) : choose_first(key);
  store_.save(text(key), {.measured = plan.measured, .engine = plan.engine, .plan = plan.plan.text()});
  return plan;
}

ConvPlan ConvPlans::choose_first(const ConvKey& key) const {
  Builder builder(key, device_, workspace_limit_);
  for (const cudnn::Candidate& candidate : conv_candidates(key, device_, false)) {
    if (std::optional<cudnn::Plan> plan = builder.build(candidate)) {
      return {*std::move(plan), candidate.engine(), false};
    }
  }
  builder.give_up();
}

ConvPlan ConvPlans::choose_fastest(const ConvKey& key, const MeasurePlan& measure) const {
  Builder builder(key, device_, workspace_limit_);
  std::optional<ConvPlan> fastest;
  double least = std::numeric_limits<double>::infinity();
  for (const cudnn::Candidate& candidate : conv_candidates(key, device_, true)) {
    std::optional<cudnn::Plan> plan = builder.build(candidate);
    if (!plan) continue;
    try {
      const double milliseconds = measure(*plan);
      if (milliseconds >= least) continue;
      least = milliseconds;
      fastest.emplace(ConvPlan{*std::move(plan), candidate.engine(), true});
    } catch (const nn::Error& error) {
      builder.failed_to_run(error);
    }
  }
  if (!fastest) builder.give_up();
  return *std::move(fastest);
}

}  // namespace cuda
