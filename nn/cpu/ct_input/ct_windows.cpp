// In Google Highway, compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/ct_input/ct_windows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/ct_input/ct_windows.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

// Every step is a loop over whole registers and a plain one over what is left; a CPU without a vector unit that Highway
// knows has the plain loops alone.
#if HWY_TARGET == HWY_SCALAR

std::int64_t window_registers(const WindowedRows&, float*) { return 0; }
std::int64_t write_registers(const WindowedRows&, int, const LaneScale<float>&, std::int64_t, float*) { return 0; }

#else

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Floats>;

/// A vector for each lane.
struct LaneVectors {
  Vector a, b, c, d;
};

/// Calls f(lane number, its member of each argument) for the first kLanes.
template <int kLanes, class F, class... Lanes>
HWY_INLINE void for_each_lane(const F& f, Lanes&... of) {
  f(0, of.a...);
  if constexpr (kLanes > 1) f(1, of.b...);
  if constexpr (kLanes > 2) f(2, of.c...);
  if constexpr (kLanes > 3) f(3, of.d...);
}

/// The sums of WindowedRows, a register of pixels for each lane.
template <int kLanes>
class WindowedSums {
 public:
  explicit HWY_INLINE WindowedSums(const WindowedRows& rows) : taps_(rows.taps), hu_(rows.hu), weight_(rows.weight) {
    const Floats d;
    for_each_lane<kLanes>(
        [&](int l, Vector& lower, Vector& least, Vector& most, Vector& start) HWY_ATTR {
          lower = hn::Set(d, rows.window[l].lower);
          least = hn::Set(d, rows.window[l].least);
          most = hn::Set(d, rows.window[l].most);
          start = hn::Set(d, rows.start[l]);
        },
        lower_, least_, most_, start_);
  }

  /// Sums over kStep neighbouring pixels, the first of them pixel x.
  template <int kStep>
  HWY_INLINE LaneVectors at(std::int64_t x) const {
    if constexpr (kStep == 1) {
      return at_pixels(x);
    } else {
      const Floats d;
      const auto per_register = static_cast<std::int64_t>(hn::Lanes(d));
      LaneVectors left = at<kStep / 2>(x);
      const LaneVectors right = at<kStep / 2>(x + kStep / 2 * per_register);
      for_each_lane<kLanes>([&](int, Vector& low, const Vector& high)
                                HWY_ATTR { low = hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low)); },
                            left, right);
      return left;
    }
  }

 private:
  HWY_INLINE LaneVectors at_pixels(std::int64_t x) const {
    const Floats d;
    LaneVectors sums;  // not copied as a whole: g++ would do that in halves of registers
    for_each_lane<kLanes>([](int, Vector& sum, const Vector& start) HWY_ATTR { sum = start; }, sums, start_);
    for (int t = 0; t < taps_; ++t) {
      const Vector weight = hn::Set(d, weight_[t]);
      const std::array<const float*, 4>& hu = hu_[t];
      for_each_lane<kLanes>(
          [&](int l, Vector& sum, const Vector& lower, const Vector& least, const Vector& most) HWY_ATTR {
            const Vector above = hn::Sub(hn::LoadU(d, hu[static_cast<std::size_t>(l)] + x), lower);
            sum = hn::MulAdd(weight, hn::Min(hn::Max(above, least), most), sum);
          },
          sums, lower_, least_, most_);
    }
    return sums;
  }

  int taps_;
  const std::array<const float*, 4>* hu_;
  const float* weight_;
  LaneVectors lower_, least_, most_, start_;
};

/// Pixels written.
template <int kLanes>
HWY_INLINE std::int64_t window_registers_of(const WindowedRows& rows, float* to) {
  const Floats d;
  const auto per_register = static_cast<std::int64_t>(hn::Lanes(d));
  const WindowedSums<kLanes> sums(rows);
  const std::int64_t whole = rows.count / per_register * per_register;
  for (std::int64_t x = 0; x < whole; x += per_register) {
    const LaneVectors pixels = sums.template at<1>(x);
    if constexpr (kLanes == 1) hn::StoreInterleaved4(pixels.a, pixels.a, pixels.a, pixels.a, d, to + 4 * x);
    if constexpr (kLanes == 2) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.b, pixels.b, d, to + 4 * x);
    if constexpr (kLanes == 3) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.c, pixels.c, d, to + 4 * x);
    if constexpr (kLanes == 4) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.c, pixels.d, d, to + 4 * x);
  }
  return whole;
}

/// Pixels written.
template <int kLanes, int kStep>
HWY_INLINE std::int64_t write_registers_of(const WindowedRows& rows, const LaneScale<float>& scale, float* to) {
  const Floats d;
  const auto per_register = static_cast<std::int64_t>(hn::Lanes(d));
  const WindowedSums<kLanes> sums(rows);
  LaneVectors factor, shift;
  for_each_lane<kLanes>(
      [&](int l, Vector& one_factor, Vector& one_shift) HWY_ATTR {
        one_factor = hn::Set(d, scale.scale[l]);
        one_shift = hn::Set(d, scale.shift[l]);
      },
      factor, shift);
  const std::int64_t whole = rows.count / kStep / per_register * per_register;
  for (std::int64_t j = 0; j < whole; j += per_register) {
    LaneVectors pixels = sums.template at<kStep>(kStep * j);
    for_each_lane<kLanes>([&](int, Vector& value, const Vector& by, const Vector& plus)
                              HWY_ATTR { value = hn::MulAdd(value, by, plus); },
                          pixels, factor, shift);
    if constexpr (kLanes == 1) hn::StoreU(pixels.a, d, to + j);
    if constexpr (kLanes == 2) hn::StoreInterleaved2(pixels.a, pixels.b, d, to + 2 * j);
    if constexpr (kLanes == 3) hn::StoreInterleaved3(pixels.a, pixels.b, pixels.c, d, to + 3 * j);
    if constexpr (kLanes == 4) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.c, pixels.d, d, to + 4 * j);
  }
  return whole;
}

template <int kLanes>
HWY_INLINE std::int64_t write_registers_of(const WindowedRows& rows, int step, const LaneScale<float>& scale,
                                           float* to) {
  if (step == 1) return write_registers_of<kLanes, 1>(rows, scale, to);
  if (step == 2) return write_registers_of<kLanes, 2>(rows, scale, to);
  return write_registers_of<kLanes, 4>(rows, scale, to);
}

HWY_INLINE std::int64_t window_registers(const WindowedRows& rows, float* to) {
  if (rows.lanes == 1) return window_registers_of<1>(rows, to);
  if (rows.lanes == 2) return window_registers_of<2>(rows, to);
  if (rows.lanes == 3) return window_registers_of<3>(rows, to);
  return window_registers_of<4>(rows, to);
}

/// Only pixels side by side are written in registers.
HWY_INLINE std::int64_t write_registers(const WindowedRows& rows, int step, const LaneScale<float>& scale,
                                        std::int64_t pitch, float* to) {
  if (pitch != rows.lanes) return 0;
  if (rows.lanes == 1) return write_registers_of<1>(rows, step, scale, to);
  if (rows.lanes == 2) return write_registers_of<2>(rows, step, scale, to);
  if (rows.lanes == 3) return write_registers_of<3>(rows, step, scale, to);
  return write_registers_of<4>(rows, step, scale, to);
}

#endif

/// Pixels that the plain loops take together: a compiler makes registers of such loops where it may.
constexpr std::int64_t block = 16;

/// Lane l of pixels x to x + count.
void sum_block(const WindowedRows& rows, int l, std::int64_t x, std::int64_t count, float* sum) {
  const RowWindow window = rows.window[l];
  std::fill_n(sum, count, rows.start[l]);
  for (int t = 0; t < rows.taps; ++t) {
    const float* hu = rows.hu[t][static_cast<std::size_t>(l)] + x;
    const float weight = rows.weight[t];
    for (std::int64_t i = 0; i < count; ++i) sum[i] += weight * window(hu[i]);
  }
}

}  // namespace

void add_windowed_rows(const WindowedRows& rows, float* to) {
  float sum[block];
  for (std::int64_t x = window_registers(rows, to); x < rows.count; x += block) {
    const std::int64_t count = std::min(block, rows.count - x);
    for (int l = 0; l < lanes; ++l) {
      if (l < rows.lanes) sum_block(rows, l, x, count, sum);
      for (std::int64_t i = 0; i < count; ++i) to[4 * (x + i) + l] = sum[i];
    }
  }
}

void write_windowed_rows(const WindowedRows& rows, int step, const LaneScale<float>& scale, std::int64_t pitch,
                         float* to) {
  float sum[4 * block];
  const std::int64_t columns = rows.count / step;
  for (std::int64_t j = write_registers(rows, step, scale, pitch, to); j < columns; j += block) {
    const std::int64_t count = std::min(block, columns - j);
    for (int l = 0; l < rows.lanes; ++l) {
      sum_block(rows, l, step * j, step * count, sum);
      for (std::int64_t i = 0; i < count; ++i) {
        float all = 0;
        for (int s = 0; s < step; ++s) all += sum[step * i + s];
        to[(j + i) * pitch + l] = scale.scale[l] * all + scale.shift[l];
      }
    }
  }
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(add_windowed_rows);
HWY_EXPORT(write_windowed_rows);

void add_windowed_rows(const WindowedRows& rows, float* to) { HWY_DYNAMIC_DISPATCH(add_windowed_rows)(rows, to); }
void write_windowed_rows(const WindowedRows& rows, int step, const LaneScale<float>& scale, std::int64_t pitch,
                         float* to) {
  HWY_DYNAMIC_DISPATCH(write_windowed_rows)(rows, step, scale, pitch, to);
}

}  // namespace nn::cpu
#endif
