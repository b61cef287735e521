// In which precision the CPU multiplies f32 matrices on the forward way: convolutions and fully connected layers. As
// TF32 on a GPU, bf16 is a precision of factors alone: maps, weights, sums and everything else stay f32, factors are
// rounded to bf16 (8 significant bits) where they are packed. One setting of the process, for inference: gradients and
// forward passes that measure statistics are f32 in any case, but the kernels know no other sign of training. Who
// trains sets f32 (train/compute.cpp).
#pragma once

#include <string>
#include <vector>

#include "nn/cpu/bf16/bf16_tile.h"

namespace nn::cpu {

/// What this CPU can multiply by: "avx512_bf16", "amx_bf16", last always "f32". Both need the SIMD target avx512 in
/// use.
std::vector<std::string> product_precisions();
/// What "bf16" is here: what the environment variable FALX_BF16 names, avx512 or amx, else avx512_bf16, even where
/// there is AMX: that has not run on a CPU yet. "none" if this CPU has neither; an error names the choices.
std::string bf16_products_name();
/// Why that is "none", for a message: FALX_CPU leaves out what this CPU has, or it has neither.
std::string why_no_bf16_products();
/// The one in use: f32 until another is set, and f32 while a lesser SIMD target leaves the other's instructions out.
std::string product_precision();
/// Takes one of product_precisions() from now on; "bf16" is bf16_products_name(), "portable_bf16" is bf16 in slow plain
/// C++ on every CPU, for tests. An error says what is needed. Not while kernels run.
void set_product_precision(const std::string& name);

/// What multiplies bf16 over such a depth; null: this product is f32, whose packing costs less, or nothing. Measured,
/// time of f32 over that of AVX512_BF16 (one thread, AMD Zen 5): depth 27 (a stem, 3x3 of 3 channels) 0.6, 147
/// (7x7) 1.1, 128 1.5, 576 and 768 1.7.
const Bf16Kernel* bf16_products(std::int64_t depth);
inline constexpr std::int64_t least_bf16_depth = 64;

}  // namespace nn::cpu
