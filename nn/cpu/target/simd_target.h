// Which instruction set the CPU backend's kernels in Highway use, and its matrix products. Settled before main, so that
// FALX_CPU holds for the first kernel of any thread.
#pragma once

#include <string>
#include <vector>

namespace nn::cpu {

/// What this CPU can run, best first: "avx512", "avx2" (x86), "neon" (ARM); last always "baseline".
std::vector<std::string> simd_targets();
/// The one in use: the best, or the one that the environment variable FALX_CPU names. An error says what it may name:
/// programs ask at their start, so that nothing runs by another.
std::string simd_target();
/// True if that is "baseline", asked often.
bool simd_target_is_baseline();
/// Takes another one from now on; an error names the choices. Not while kernels run: for tests and benchmarks.
void set_simd_target(const std::string& name);

}  // namespace nn::cpu
