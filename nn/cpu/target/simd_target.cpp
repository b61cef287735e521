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

const Target& first_target() {
  const char* wanted = std::getenv("FALX_CPU");
  const Target& target = wanted != nullptr && *wanted != '\0' ? find_target(wanted) : find_target(simd_targets()[0]);
  tell_highway(target);
  return target;
}

std::atomic<const Target*>& chosen() {
  static std::atomic<const Target*> target{&first_target()};
  return target;
}

}  // namespace

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const Target& target : known_targets) {
    if (supported(target)) names.emplace_back(target.name);
  }
  return names;
}

std::string simd_target() { return chosen().load()->name; }

bool simd_target_is_baseline() { return chosen().load()->bit == 0; }

void set_simd_target(const std::string& name) {
  const Target& target = find_target(name);
  chosen() = &target;
  tell_highway(target);
}

}  // namespace nn::cpu
