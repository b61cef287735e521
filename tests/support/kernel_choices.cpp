#include "tests/support/kernel_choices.h"

#include "nn/cpu/simd_target.h"

namespace test {

void for_each_kernel_choice(const std::function<void(const std::string& name)>& body) {
  struct PutBack {
    std::string kept = nn::cpu::simd_target();
    ~PutBack() { nn::cpu::set_simd_target(kept); }
  } put_back;
  for (const std::string& name : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(name);
    body(name);
  }
}

}  // namespace test
