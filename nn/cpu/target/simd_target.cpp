#include "nn/cpu/target/simd_target.h"

#include <hwy/targets.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "nn/core/error.h"

namespace nn::cpu {
namespace {

struct Target {
  const char* name;
  std::int64_t bit;  // Highway's; 0: none of them
};

// Best first. "baseline" is Eigen with what the compiler may assume of every CPU of the architecture (SSE2 on x86-64).
constexpr Target known_targets[] = {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"neon", HWY_NEON}, {"baseline", 0}};

std::int64_t supported_bits() {
  static const std::int64_t bits = hwy::SupportedTargets();
  return bits;
}

bool supported(const Target& target) { return target.bit == 0 || (supported_bits() & target.bit) != 0; }

const Target& find_target(const std::string& name) {
  std::string choices;
  for (const Target& target : known_targets) {
    if (!supported(target)) continue;
    if (target.name == name) return target;
    choices += std::string(choices.empty() ? "" : ", ") + target.name;
  }
  throw Error(message("[simd] FALX_CPU is one of ", choices, " (what this CPU can run), not '", name, "'"));
}

/// Highway's dispatch takes the best target of these bits; without any, the one that every CPU has.
void tell_highway(const Target& target) { hwy::GetChosenTarget().Update(target.bit); }

/// The one that FALX_CPU names, or the best.
const Target& first_target() {
  const char* wanted = std::getenv("FALX_CPU");
  return find_target(wanted != nullptr && *wanted != '\0' ? wanted : simd_targets()[0]);
}

/// Null where FALX_CPU names none of them.
std::atomic<const Target*> chosen{nullptr};

const Target& choose(const Target& target) {
  tell_highway(target);
  chosen = &target;
  return target;
}

const Target& in_use() {
  const Target* target = chosen;
  return target != nullptr ? *target : choose(first_target());
}

/// Before main, and so before any thread: Highway's own first dispatch would take the best of this CPU, whatever
/// FALX_CPU says, and could do so in one thread after another has been told of a target. What is wrong with FALX_CPU is
/// an error of simd_target(), which programs ask first.
[[maybe_unused]] const bool settled_at_start = [] {
  try {
    in_use();
    return true;
  } catch (const Error&) {
    return false;
  }
}();

}  // namespace

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const Target& target : known_targets) {
    if (supported(target)) names.emplace_back(target.name);
  }
  return names;
}

std::string simd_target() { return in_use().name; }

bool simd_target_is_baseline() { return in_use().bit == 0; }

void set_simd_target(const std::string& name) { choose(find_target(name)); }

}  // namespace nn::cpu
