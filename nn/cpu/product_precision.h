// In which precision the CPU multiplies f32 matrices on the forward way: convolutions and fully connected layers. As
// TF32 on a GPU, bf16 is a precision of factors alone: maps, weights, sums and everything else stay f32, factors are
// rounded to bf16 (8 significant bits) where they are packed. One setting of the process, for inference; gradients
// never use it.
#pragma once

#include <string>
#include <vector>

#include "nn/cpu/bf16_tile.h"

namespace nn::cpu {

/// What this CPU can multiply by, best first, last always "f32": "amx_bf16", "avx512_bf16". Both need the SIMD target
/// avx512 in use.
std::vector<std::string> product_precisions();
/// The one in use: f32 until another is set.
std::string product_precision();
/// Takes one of product_precisions() from now on; "bf16" is the best of them for bf16, "portable_bf16" is bf16 in slow
/// plain C++ on every CPU, for tests. An error says what is needed. Not while kernels run.
void set_product_precision(const std::string& name);

/// What multiplies bf16; null: products are f32.
const Bf16Kernel* bf16_products();

}  // namespace nn::cpu
