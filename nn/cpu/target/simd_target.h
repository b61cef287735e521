// Which instruction set the matrix products of the CPU backend use.
#pragma once

#include <string>
#include <vector>

namespace nn::cpu {

/// What this CPU can run, best first: "avx512", "avx2" (x86), "neon" (ARM); last always "baseline".
std::vector<std::string> simd_targets();
/// The one in use: the best, or the one that the environment variable FALX_CPU names.
std::string simd_target();
/// True if that is "baseline", asked often.
bool simd_target_is_baseline();
/// Takes another one from now on; an error names the choices. Not while kernels run: for tests and benchmarks.
void set_simd_target(const std::string& name);

}  // namespace nn::cpu
