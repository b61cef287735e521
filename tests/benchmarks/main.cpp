// bench_ops [--threads=N] [Google Benchmark's flags]: kernels alone. Whole networks: `falx bench`.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "nn/core/parallel.h"
#include "nn/cpu/simd_target.h"
#include "tests/benchmarks/fma_peak.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strncmp(argv[1], "--threads=", 10) == 0) nn::set_thread_count(std::atoi(argv[1] + 10));
  std::printf("threads %d, matrix products with %s, multiply-add peak %.0f GF/s a thread\n", nn::thread_count(),
              nn::cpu::simd_target().c_str(), bench::fma_peak());
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
