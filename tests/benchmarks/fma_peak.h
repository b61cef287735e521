// What the arithmetic units can do at most: the yardstick of the benchmarks.
#pragma once

namespace bench {

/// Fused multiply-adds of one thread with the widest vectors of the CPU, in 1e9 floating point operations a second
/// (a multiply-add counts as two). The best of several short runs, measured at the first call.
double fma_peak();

}  // namespace bench
