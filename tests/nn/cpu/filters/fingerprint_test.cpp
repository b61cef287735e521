#include "nn/cpu/filters/fingerprint.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "nn/core/parallel.h"
#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {
namespace {

/// Around every border: words, blocks of 256 bytes, pieces of 64 KiB.
const std::size_t sizes[] = {1, 7, 8, 9, 64, 255, 256, 257, 1000, 65535, 65536, 65537, 150001};

std::vector<unsigned char> bytes_of(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  std::uint32_t state = 1;
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>((state = state * 1664525U + 1013904223U) >> 24U);
  return bytes;
}

std::uint64_t of(const std::vector<unsigned char>& bytes) { return fingerprint(bytes.data(), bytes.size()); }

TEST(Fingerprint, ChangesWithEveryBit) {
  for (const std::size_t size : sizes) {
    std::vector<unsigned char> bytes = bytes_of(size);
    const std::uint64_t before = of(bytes);
    for (std::size_t i = 0; i < size; i += 1 + size / 500) {
      bytes[i] ^= static_cast<unsigned char>(1U << i % 8);
      EXPECT_NE(of(bytes), before) << "byte " << i << " of " << size;
      bytes[i] ^= static_cast<unsigned char>(1U << i % 8);
    }
    EXPECT_EQ(of(bytes), before);
  }
}

TEST(Fingerprint, TellsContentsApartThatHaveMuchInCommon) {
  std::set<std::uint64_t> found;
  std::vector<float> values(3000);
  std::size_t contents = 0;
  const auto add = [&] {
    found.insert(fingerprint(values.data(), values.size() * sizeof(float)));
    EXPECT_EQ(found.size(), ++contents);
  };
  add();                           // zeros
  for (float& v : values) v = -v;  // negative zeros: each sign alone
  add();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 100;
  add();
  for (float& v : values) v = -v;
  add();
  for (float& v : values) v *= 2;  // each exponent alone
  add();
  std::swap(values[0], values[64]);  // what one state sees, in another order
  add();
  std::rotate(values.begin(), values.begin() + 64, values.end());
  add();
  for (const std::size_t i : {0U, 64U, 640U}) values[i] = -values[i];
  add();
}

TEST(Fingerprint, IsNotTakenInByChangesThatCouldTakeEachOtherBack) {
  // Signs and exponents of both halves of three words that go to the same state one after another: all subsets.
  std::uint32_t state = 1;
  for (int content = 0; content < 100; ++content) {
    std::vector<float> values(256);
    for (float& v : values) v = static_cast<float>((state = state * 1664525U + 1013904223U) >> 8U) / 0x1p23F - 1;
    const std::size_t k = state % 32 * 2;
    std::set<std::uint64_t> found = {fingerprint(values.data(), 1024)};
    for (const float factor : {-1.0F, 2.0F, -2.0F}) {
      for (unsigned subset = 1; subset < 64; ++subset) {
        std::vector<float> changed = values;
        for (std::size_t i = 0; i < 6; ++i) {
          if ((subset >> i & 1U) != 0) changed[k + i / 2 * 64 + i % 2] *= factor;
        }
        EXPECT_TRUE(found.insert(fingerprint(changed.data(), 1024)).second)
            << "content " << content << " from " << k << ", subset " << subset << " times " << factor;
      }
    }
  }
}

TEST(Fingerprint, KnowsZerosByTheirNumber) {
  std::set<std::uint64_t> found;
  for (const std::size_t size : sizes) found.insert(of(std::vector<unsigned char>(size)));
  EXPECT_EQ(found.size(), std::size(sizes));
}

TEST(Fingerprint, IsTheSameWithEveryInstructionSetNumberOfThreadsAndAddress) {
  const std::string target = simd_target();
  const int threads = thread_count();
  for (const std::size_t size : sizes) {
    const std::vector<unsigned char> bytes = bytes_of(size);
    std::vector<unsigned char> moved(size + 1);
    std::copy(bytes.begin(), bytes.end(), moved.begin() + 1);
    const std::uint64_t expected = of(bytes);
    for (const std::string& other : simd_targets()) {
      set_simd_target(other);
      for (const int count : {1, 3}) {
        set_thread_count(count);
        EXPECT_EQ(of(bytes), expected) << other << ", " << size;
        EXPECT_EQ(fingerprint(moved.data() + 1, size), expected) << other << ", " << size;
      }
    }
  }
  set_simd_target(target);
  set_thread_count(threads);
}

}  // namespace
}  // namespace nn::cpu
