#include "nn/cpu/environment.h"

#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {

void check_environment() {
  static_cast<void>(simd_target());
  static_cast<void>(conv_choice());
  static_cast<void>(bf16_products_name());
}

}  // namespace nn::cpu
