// bench_ops [--threads=N] [--peak | Google Benchmark's flags]: kernels alone. Whole networks: `falx bench`.
//   --peak    only what the machine can do at best, in JSON: multiply-adds (with FALX_CPU's instructions) and copies
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "nn/core/parallel.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/benchmarks/fma_peak.h"
#include "tests/benchmarks/memory_bandwidth.h"

namespace {

void print_peak(const std::string& target) {
  std::printf(
      "{\"simd\": \"%s\", \"threads\": %d, \"multiply_add_gigaflops_a_thread\": %.1f, "
      "\"copy_gigabytes_a_second\": %.1f}\n",
      target.c_str(), nn::thread_count(), bench::fma_peak(), bench::memory_bandwidth());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strncmp(argv[1], "--threads=", 10) == 0) nn::set_thread_count(std::atoi(argv[1] + 10));
  const std::string target = nn::cpu::simd_target();  // asked first: it tells the measurement which instructions to use
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--peak") == 0) {
      print_peak(target);
      return 0;
    }
  }
  std::printf("threads %d, matrix products with %s, multiply-add peak %.0f GF/s a thread\n", nn::thread_count(),
              target.c_str(), bench::fma_peak());
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
