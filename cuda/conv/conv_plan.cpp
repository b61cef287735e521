#include "cuda/conv/conv_plan.h"

#include <limits>
#include <optional>
#include <unordered_set>
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

std::vector<cudnn::Candidate> conv_candidates(const ConvKey& key, const cudnn::Device& device,
                                              cudnn::Heuristic heuristic) {
  std::vector<cudnn::Candidate> found = cudnn::candidates(conv_graph(key), device, heuristic);
  std::erase_if(found, [&](const cudnn::Candidate& candidate) { return !accepts(key, candidate.notes()); });
  return found;
}

const ConvPlan& ConvPlans::get(const ConvKey& key, const MeasurePlan& measure) {
  const auto known = plans_.find(key);
  if (known != plans_.end() && (known->second.measured || !measure)) return known->second;
  return plans_.insert_or_assign(key, load_or_choose(key, measure)).first->second;
}

bool ConvPlans::serves(const ConvKey& key) {
  if (knows(key)) return true;
  if (without_plan_.contains(key)) return false;
  try {
    get(key);
    return true;
  } catch (const nn::Error&) {
    without_plan_.insert(key);
    return false;
  }
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
  for (const cudnn::Heuristic heuristic : {cudnn::Heuristic::fast, cudnn::Heuristic::fallback}) {
    for (const cudnn::Candidate& candidate : conv_candidates(key, device_, heuristic)) {
      if (std::optional<cudnn::Plan> plan = builder.build(candidate)) {
        return {*std::move(plan), candidate.engine(), false};
      }
    }
  }
  builder.give_up();
}

ConvPlan ConvPlans::choose_fastest(const ConvKey& key, const MeasurePlan& measure) const {
  Builder builder(key, device_, workspace_limit_);
  std::optional<ConvPlan> fastest;
  double least = std::numeric_limits<double>::infinity();
  std::unordered_set<std::string> tried;  // the heuristics overlap
  const auto try_out = [&](const cudnn::Candidate& candidate) {
    std::optional<cudnn::Plan> plan = builder.build(candidate);
    if (!plan || !tried.insert(plan->text()).second) return;
    try {
      const double milliseconds = measure(*plan);
      if (milliseconds >= least) return;
      least = milliseconds;
      fastest.emplace(ConvPlan{*std::move(plan), candidate.engine(), true});
    } catch (const nn::Error& error) {
      builder.failed_to_run(error);
    }
  };
  for (const auto heuristic : {cudnn::Heuristic::fast, cudnn::Heuristic::accurate, cudnn::Heuristic::fallback}) {
    for (const cudnn::Candidate& candidate : conv_candidates(key, device_, heuristic)) try_out(candidate);
  }
  if (!fastest) builder.give_up();
  return *std::move(fastest);
}

}  // namespace cuda
