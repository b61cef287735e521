// The choices of kernel that a machine offers (its SIMD targets), to be forced one after the other.
#pragma once

#include <functional>
#include <string>

namespace test {

/// Calls body(name) once for every choice, with the choice in force, and puts the default back.
void for_each_kernel_choice(const std::function<void(const std::string& name)>& body);

}  // namespace test
