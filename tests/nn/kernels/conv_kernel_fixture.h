// What the tests of the convolution kernels share: every geometry by every SIMD target and algorithm, and how near they
// come to the definition.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <type_traits>

#include "nn/core/parallel.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/kernels/conv_reference.h"

namespace nn::test {

/// Of the largest value of the result. Measured over all cases and targets, in f32: direct at most 5.7e-7,
/// winograd-2x2 6e-7, winograd 4.9e-6; in f64 0: sums of products of the f32 numbers that are drawn here are exact.
template <class T>
double tolerance() {
  if (std::is_same_v<T, double>) return 1e-15;
  const std::string choice = cpu::conv_choice();
  return choice == "direct" ? 1e-6 : choice == "winograd-2x2" ? 2e-6 : 1e-5;
}

/// Restores target, algorithm and threads however a test ends.
class ConvKernel : public testing::Test {
 protected:
  ~ConvKernel() override {
    cpu::set_simd_target(target_);
    cpu::set_conv_choice(choice_);
    set_thread_count(threads_);
  }

 private:
  std::string target_ = cpu::simd_target(), choice_ = cpu::conv_choice();
  int threads_ = thread_count();
};

/// body(case): for every case, every SIMD target this CPU has and every algorithm that the case can run by.
template <class Body>
void for_every_case(const Body& body) {
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    for (const char* choice : {"direct", "winograd-2x2", "winograd"}) {
      cpu::set_conv_choice(choice);
      for (const ConvCase& c : conv_cases()) {
        const cpu::ConvAlgorithm algorithm =
            cpu::conv_algorithm(cpu::ConvPass::forward, c.x, c.w, c.geometry, DType::f32);
        if ((algorithm == cpu::ConvAlgorithm::direct) != (choice == std::string("direct"))) continue;
        SCOPED_TRACE(c.name + (", " + target) + ", " + choice);
        body(c);
      }
    }
  }
}

/// True if what lies around a slice made by random_tensor is still NaN.
template <class T>
bool surroundings_untouched(const Tensor& slice) {
  for (std::int64_t r = 0; r < slice.rows(); ++r) {
    const T* row = slice.row<T>(r);
    for (std::int64_t k = -3; k < slice.c() + 4; ++k) {
      if ((k < 0 || k >= slice.c()) && !std::isnan(row[k])) return false;
    }
  }
  return true;
}

inline Shape output_shape(const ConvCase& c) { return conv2d_output_shape(c.x, c.w, c.geometry); }

}  // namespace nn::test
