#include "tests/support/kernel_choices.h"

namespace test {

void for_each_kernel_choice(const std::function<void(const std::string& name)>& body) { body("default"); }

}  // namespace test
