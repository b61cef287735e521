// Every call of a kernel of cuda/kernels/*.cu against what a GPU would have to move for it: each element of an input
// loaded once, each element of an output stored once.
#pragma once

namespace test {

/// Puts a watch in front of every kernel of Device::cuda that is filled. A call whose threads load or store an element
/// of its tensors more often or less often than the kernel's rule says is a test failure; rules are in
/// tests/support/kernel_rules.h.
void watch_kernels();

}  // namespace test
