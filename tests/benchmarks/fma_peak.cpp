#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/benchmarks/fma_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>

#include "tests/benchmarks/fma_peak.h"

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve chains: more than two units times a latency of five, and few enough for sixteen registers.
constexpr int chains = 12;

/// `count` rounds of one multiply-add per chain; the result keeps the compiler from leaving them out.
float multiply_add(int count) {
  const hn::CappedTag<float, 16> d;
  hn::Vec<decltype(d)> sum[chains];
#pragma GCC unroll 16
  for (int i = 0; i < chains; ++i) sum[i] = hn::Set(d, 0.001F * static_cast<float>(i));
  const auto factor = hn::Set(d, 0.999F), term = hn::Set(d, 0.001F);
  for (int round = 0; round < count; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < chains; ++i) sum[i] = hn::MulAdd(sum[i], factor, term);
  }
#pragma GCC unroll 16
  for (int i = 1; i < chains; ++i) sum[0] = hn::Add(sum[0], sum[i]);
  return hn::GetLane(sum[0]);
}

int lanes() { return static_cast<int>(hn::Lanes(hn::CappedTag<float, 16>())); }

}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bench {

HWY_EXPORT(multiply_add);
HWY_EXPORT(lanes);

double fma_peak() {
  static const double peak = [] {
    using Clock = std::chrono::steady_clock;
    constexpr int rounds = 2'000'000;
    const double operations = 2.0 * 12 * rounds * HWY_DYNAMIC_DISPATCH(lanes)();
    volatile float sink = 0;
    double best = 0;
    for (int run = 0; run < 10; ++run) {
      const auto start = Clock::now();
      sink = sink + HWY_DYNAMIC_DISPATCH(multiply_add)(rounds);
      best = std::max(best, operations / std::chrono::duration<double>(Clock::now() - start).count() / 1e9);
    }
    return best;
  }();
  return peak;
}

}  // namespace bench
#endif
