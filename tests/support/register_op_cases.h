// From a list of OpCases to tests: Conv2d.GradientWithStride2, Conv2d.ViewsWithStride2, ...
#pragma once

#include <vector>

#include "tests/support/op_case.h"

namespace test {

/// At namespace scope of a test file:
///   const bool registered = test::register_op_cases("Relu", {{.name = "OfPixels", .inputs = ..., .function = ...}});
/// Every case becomes the tests OP.Gradient<name>, .Views<name>, .Beta<name>, .Precision<name>, .Parity<name>
/// and, if it has a reference, .Reference<name>. Returns true.
bool register_op_cases(const char* op, const std::vector<OpCase>& cases, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE());

}  // namespace test
