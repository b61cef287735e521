// bench_ops [--threads=N] [--peak | Google Benchmark's flags]: kernels alone. Whole networks: `falx bench`.
//   --peak    only what the machine can do at best, in JSON: multiply-adds (with FALX_CPU's instructions) and copies
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "nn/core/parallel.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/benchmarks/fma_peak.h"
#include "tests/benchmarks/memory_bandwidth.h"
#include "tests/benchmarks/whole_number.h"

namespace {

void print_peak(const std::string& target) {
  std::printf(
      "{\"simd\": \"%s\", \"threads\": %d, \"multiply_add_gigaflops_a_thread\": %.1f, "
      "\"copy_gigabytes_a_second\": %.1f}\n",
      target.c_str(), nn::thread_count(), bench::fma_peak(), bench::memory_bandwidth());
}

/// Our own options; what is left in argv is Google Benchmark's.
struct Options {
  int threads = 0;  // 0: all cores
  bool peak = false, wrong = false;
};

Options take_options(int& argc, char** argv) {
  Options options;
  int left = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--peak") {
      options.peak = true;
    } else if (argument.starts_with("--threads=")) {
      options.threads = bench::whole_number(argument.substr(10), 1, 1024).value_or(0);
      options.wrong = options.wrong || options.threads == 0;
    } else {
      argv[left++] = argv[i];
    }
  }
  argc = left;
  argv[argc] = nullptr;
  return options;
}

void print_usage() {
  std::printf(
      "bench_ops [--threads=N] [--peak | Google Benchmark's flags]\n"
      "  --threads=N   from 1 to 1024 (default: all cores)\n"
      "  --peak        only what the machine can do at best, in JSON: multiply-adds and copies\n");
  benchmark::PrintDefaultHelp();
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = take_options(argc, argv);
  if (!options.wrong) benchmark::Initialize(&argc, argv, print_usage);  // --help ends the program
  if (options.wrong || benchmark::ReportUnrecognizedArguments(argc, argv)) {
    std::fprintf(stderr, "bench_ops: wrong usage; see bench_ops --help\n");
    return 2;
  }
  if (options.threads > 0) nn::set_thread_count(options.threads);
  const std::string target = nn::cpu::simd_target();  // asked first: it tells the measurement which instructions to use
  if (options.peak) {
    print_peak(target);
    return 0;
  }
  std::printf("threads %d, matrix products with %s, multiply-add peak %.0f GF/s a thread\n", nn::thread_count(),
              target.c_str(), bench::fma_peak());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
