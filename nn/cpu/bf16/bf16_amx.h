// The AMX kernel without the question whether this CPU has AMX: for tests that execute its instructions elsewhere.
#pragma once

#include "nn/cpu/bf16/bf16_tile.h"

namespace nn::cpu {

/// x86-64 alone. `round` as in Bf16Kernel.
Bf16Kernel amx_instructions(void (*round)(const float* from, std::int64_t count, bfloat16* to));

}  // namespace nn::cpu
