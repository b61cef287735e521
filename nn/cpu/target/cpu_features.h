// What this CPU has beyond the SIMD targets, and the operating system allows.
#pragma once

namespace nn::cpu {

/// AVX-512 with its instructions for bf16.
bool has_avx512_bf16();
/// AMX tiles with bf16: first asks Linux for leave to use them (arch_prctl), once for all threads of the process.
bool has_amx_bf16();

}  // namespace nn::cpu
