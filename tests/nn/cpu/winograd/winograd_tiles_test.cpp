// Stores of fewer channels than a vector's, where the next byte may not be touched.
#include "nn/cpu/winograd/winograd_tiles.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "nn/core/error.h"
#include "nn/cpu/target/simd_target.h"

namespace nn::cpu::winograd {
namespace {

/// Numbers that end where a page begins that can be neither read nor written: whoever touches it crashes, even if it
/// writes back what was there, which no canary notices.
class NumbersBeforeAGuardedPage {
 public:
  explicit NumbersBeforeAGuardedPage(std::size_t count) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    NN_CHECK(count * sizeof(float) <= page_, "expected numbers that fit a page, got ", count);
    pages_ = mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NN_CHECK(pages_ != MAP_FAILED, "expected two pages of memory");
    char* const guarded = static_cast<char*>(pages_) + page_;
    mprotect(guarded, page_, PROT_NONE);
    data_ = reinterpret_cast<float*>(guarded) - count;
  }
  ~NumbersBeforeAGuardedPage() { munmap(pages_, 2 * page_); }
  NumbersBeforeAGuardedPage(const NumbersBeforeAGuardedPage&) = delete;
  NumbersBeforeAGuardedPage& operator=(const NumbersBeforeAGuardedPage&) = delete;

  float* data() { return data_; }

 private:
  std::size_t page_;
  void* pages_ = nullptr;
  float* data_ = nullptr;
};

class WinogradTiles : public testing::TestWithParam<std::string> {
 protected:
  WinogradTiles() { set_simd_target(GetParam()); }
  ~WinogradTiles() override { set_simd_target(kept_); }

 private:
  std::string kept_ = simd_target();
};

constexpr std::int64_t most_channels = 2 * channel_step;

/// Output tile 0 of an image of that one tile, from numbers that are all different.
void write_tile(Tiling tiling, std::int64_t channels, std::int64_t pitch, float beta, float* y) {
  alignas(64) static float m[36 * most_channels];
  for (std::size_t i = 0; i < std::size(m); ++i) m[i] = static_cast<float>(i % 37) - 0.01F * static_cast<float>(i);
  const std::int64_t side = output_side(tiling);
  const Shape shape{1, side, side, channels};
  transform_output(tiling,
                   {.data = m,
                    .step = most_channels,
                    .panels = {.rows = 1, .columns = most_channels, .band = 1, .width = most_channels}},
                   {.grid = TileGrid(shape, tiling), .first = 0, .count = 1}, 0, channels,
                   {.data = y, .shape = shape, .pitch = pitch, .beta = beta});
}

TEST_P(WinogradTiles, FewChannelsAreStoredWithoutTouchingWhatFollows) {
  for (const Tiling tiling : {Tiling::f2x2_3x3, Tiling::f4x4_3x3, Tiling::f3x3_2x2}) {
    const std::int64_t pixels = output_side(tiling) * output_side(tiling);
    for (const float beta : {0.0F, 0.5F}) {
      std::vector<float> wide(static_cast<std::size_t>(pixels * most_channels), 3.0F);
      write_tile(tiling, most_channels, most_channels, beta, wide.data());
      for (std::int64_t channels = 1; channels < most_channels; ++channels) {
        NumbersBeforeAGuardedPage numbers(static_cast<std::size_t>(pixels * channels));
        std::fill_n(numbers.data(), pixels * channels, 3.0F);
        write_tile(tiling, channels, channels, beta, numbers.data());
        for (std::int64_t i = 0; i < pixels * channels; ++i) {
          const auto same = static_cast<std::size_t>(i / channels * most_channels + i % channels);
          ASSERT_EQ(numbers.data()[i], wide[same]) << channels << " channels, number " << i;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, WinogradTiles, testing::ValuesIn(simd_targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace nn::cpu::winograd
