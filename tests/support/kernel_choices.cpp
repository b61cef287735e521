#include "tests/support/kernel_choices.h"

#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"

namespace test {
namespace {

struct ConvChoice {
  const char* name;
  double precision;
};
// Twice what the kernels alone show (conv_kernel_test.cpp); direct leaves it to the op.
constexpr ConvChoice conv_choices[] = {{"direct", 0}, {"winograd-2x2", 1e-6}, {"winograd", 1e-5}};

}  // namespace

void for_each_kernel_choice(const std::function<void(const KernelChoice& choice)>& body) {
  struct PutBack {
    std::string target = nn::cpu::simd_target(), conv = nn::cpu::conv_choice();
    ~PutBack() {
      nn::cpu::set_simd_target(target);
      nn::cpu::set_conv_choice(conv);
    }
  } put_back;
  for (const std::string& target : nn::cpu::simd_targets()) {
    nn::cpu::set_simd_target(target);
    for (const ConvChoice& conv : conv_choices) {
      nn::cpu::set_conv_choice(conv.name);
      body({.name = target + ", " + conv.name, .precision = conv.precision});
    }
  }
}

}  // namespace test
