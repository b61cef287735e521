// The choices of kernel that a machine offers (its SIMD targets, the algorithms of convolutions), to be forced one
// after the other.
#pragma once

#include <functional>
#include <string>

namespace test {

struct KernelChoice {
  std::string name;  // "avx2, direct"
  /// The normalised error that single precision may have against double, whatever the op.
  double precision;
};

/// Calls body(choice) once for every choice, with the choice in force, and puts the default back.
void for_each_kernel_choice(const std::function<void(const KernelChoice& choice)>& body);

}  // namespace test
