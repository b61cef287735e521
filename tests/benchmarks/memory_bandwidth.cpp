#include "tests/benchmarks/memory_bandwidth.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <vector>

#include "nn/core/parallel.h"

namespace bench {

double memory_bandwidth() {
  static const double bandwidth = [] {
    using Clock = std::chrono::steady_clock;
    constexpr std::int64_t chunk = 1 << 20, chunks = 128;
    std::vector<char> from(chunk * chunks, 1), to(chunk * chunks, 2);
    double best = 0;
    for (int run = 0; run < 5; ++run) {
      const auto start = Clock::now();
      nn::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
        std::memcpy(&to[static_cast<std::size_t>(begin * chunk)], &from[static_cast<std::size_t>(begin * chunk)],
                    static_cast<std::size_t>((end - begin) * chunk));
      });
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      best = std::max(best, 2e-9 * static_cast<double>(chunk * chunks) / seconds);
    }
    return best;
  }();
  return bandwidth;
}

}  // namespace bench
