// The environment variables that choose among the CPU's kernels, for programs to check at their start: FALX_CPU
// (target/simd_target.h), FALX_CONV (choice/conv_choice.h) and FALX_BF16 (bf16/product_precision.h).
#pragma once

namespace nn::cpu {

/// Throws nn::Error, which names the choices, if one of them names nothing that is there. Who does not ask gets it from
/// the first kernel that needs to know.
void check_environment();

}  // namespace nn::cpu
