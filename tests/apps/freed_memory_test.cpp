#include "apps/freed_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <thread>

namespace apps {
namespace {

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Allocates, writes and frees blocks one after another.
void use(std::size_t bytes, int blocks) {
  for (int i = 0; i < blocks; ++i) {
    void* volatile block = std::malloc(bytes);  // volatile: the compiler must not leave all this out
    std::memset(block, 1, bytes);
    std::free(block);
  }
}

TEST(FreedMemory, IsUsedAgainWithoutPageFaults) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the allocator is not glibc's";
#endif
  keep_freed_memory();
  const auto expect_few = [] {
    for (const std::size_t kib : {512, 3000, 5000, 8192, 20000}) {
      use(kib << 10U, 1);
      const long before = page_faults();
      use(kib << 10U, 10);
      EXPECT_LT(page_faults() - before, 100) << kib << " KiB: one of the smallest blocks has 128 pages";
    }
  };
  expect_few();
  std::thread(expect_few).join();  // in an arena of its own
}

}  // namespace
}  // namespace apps
