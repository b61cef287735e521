// In Google Highway, compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/ct_rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/ct_rows.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

// Every step is a loop over whole registers and a plain one over what is left; a CPU without a vector unit that Highway
// knows has the plain loops alone.
#if HWY_TARGET == HWY_SCALAR

std::int64_t hounsfield_registers(const StoredRow&, float*) { return 0; }
std::int64_t noise_registers(const NoiseRow&, float*) { return 0; }
std::int64_t window_registers(const WindowedRows&, float*) { return 0; }
std::int64_t write_registers(const WindowedRows&, int, const LaneScale<float>&, std::int64_t, float*) { return 0; }

void write_pixel(const WeightedPixels& pixels, std::int64_t j, float* to) {
  const float* from = pixels.from + 4 * static_cast<std::int64_t>(pixels.first[j]);
  const float* weight = pixels.weight + j * pixels.taps;
  float sum[4] = {};
  for (int t = 0; t < pixels.taps; ++t) {
    for (int l = 0; l < 4; ++l) sum[l] += weight[t] * from[4 * t + l];
  }
  for (int l = 0; l < 4; ++l) to[l] = pixels.scale.scale[l] * sum[l] + pixels.scale.shift[l];
}

void write_whole_pixels(const WeightedPixels& pixels, std::int64_t count, float* to) {
  for (std::int64_t j = 0; j < count; ++j) write_pixel(pixels, j, to + j * pixels.pitch);
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using Words = hn::RebindToUnsigned<Floats>;
using Halves = hn::Rebind<std::int16_t, Floats>;  // as many int16 as there are floats
using Pixel = hn::FixedTag<float, 4>;
using Vector = hn::Vec<Floats>;
using WordVector = hn::Vec<Words>;

/// Stored values from `stored` on, of one of `pitch` slices side by side.
HWY_INLINE hn::Vec<Halves> load_stored(const std::int16_t* stored, std::int64_t pitch) {
  const Halves d;
  if (pitch == 1) return hn::LoadU(d, stored);
  hn::Vec<Halves> a, b, c;
  if (pitch == 2) {
    hn::LoadInterleaved2(d, stored, a, b);
  } else {
    hn::LoadInterleaved3(d, stored, a, b, c);
  }
  return a;
}

/// The lower and the upper half of the 64-bit products of all lanes.
struct Product {
  WordVector low, high;
};
HWY_INLINE Product multiply(WordVector a, WordVector b) {
  const Words d;
  const hn::RepartitionToWide<Words> wide;
  const auto even = hn::MulEven(a, b);
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, a))), b);
  return {hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even)),
          hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)))};
}

/// functors::ct_noise of every lane.
HWY_INLINE Vector noise_of_bits(WordVector bits) {
  const Words d;
  const auto bytes = hn::Set(d, 0x00ff00ffU);
  const auto pairs = hn::Add(hn::And(bits, bytes), hn::And(hn::ShiftRight<8>(bits), bytes));
  const auto sum = hn::Add(hn::And(pairs, hn::Set(d, 0xffffU)), hn::ShiftRight<16>(pairs));
  const hn::RebindToSigned<Words> d_signed;
  const auto centred = hn::Sub(hn::BitCast(d_signed, sum), hn::Set(d_signed, 510));
  return hn::Mul(hn::ConvertTo(Floats(), centred), hn::Set(Floats(), 6.7658751e-3F));
}

/// Pixel j, all four lanes. kTaps: as many as pixels.taps, known to the compiler, or 0.
template <int kTaps>
HWY_INLINE hn::Vec<Pixel> pixel_at(const WeightedPixels& pixels, std::int64_t j) {
  const Pixel d;
  const int taps = kTaps != 0 ? kTaps : pixels.taps;
  const float* from = pixels.from + 4 * static_cast<std::int64_t>(pixels.first[j]);
  const float* weight = pixels.weight + j * taps;
  auto sum = hn::Mul(hn::Set(d, weight[0]), hn::LoadU(d, from));
  for (int t = 1; t < taps; ++t) sum = hn::MulAdd(hn::Set(d, weight[t]), hn::LoadU(d, from + 4 * t), sum);
  return sum;
}

void write_pixel(const WeightedPixels& pixels, std::int64_t j, float* to) {
  const Pixel d;
  hn::StoreU(hn::MulAdd(pixel_at<0>(pixels, j), hn::LoadU(d, pixels.scale.scale), hn::LoadU(d, pixels.scale.shift)), d,
             to);
}

/// The first `count` pixels, each a whole register.
template <int kTaps>
HWY_INLINE void write_whole_pixels(const WeightedPixels& given, std::int64_t count, float* to) {
  const Pixel d;
  const WeightedPixels pixels = given;  // of which nobody else knows, so that it stays in registers
  const auto scale = hn::LoadU(d, given.scale.scale), shift = hn::LoadU(d, given.scale.shift);
  for (std::int64_t j = 0; j < count; ++j) {
    hn::StoreU(hn::MulAdd(pixel_at<kTaps>(pixels, j), scale, shift), d, to + j * pixels.pitch);
  }
}

HWY_INLINE void write_whole_pixels(const WeightedPixels& pixels, std::int64_t count, float* to) {
  if (pixels.taps == 2) return write_whole_pixels<2>(pixels, count, to);
  if (pixels.taps == 3) return write_whole_pixels<3>(pixels, count, to);
  if (pixels.taps == 4) return write_whole_pixels<4>(pixels, count, to);
  write_whole_pixels<0>(pixels, count, to);
}

/// Values written.
HWY_INLINE std::int64_t hounsfield_registers(const StoredRow& row, float* hu) {
  const Floats d;
  const hn::RebindToSigned<Floats> d_int;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto slope = hn::Set(d, row.slope), intercept = hn::Set(d, row.intercept);
  // Three slices side by side are loaded at once, up to two values beyond the last: those are left to the loop below.
  const std::int64_t whole = row.pitch <= 3 ? (row.count - (row.pitch > 1 ? 1 : 0)) / lanes * lanes : 0;
  for (std::int64_t x = 0; x < whole; x += lanes) {
    const auto stored = hn::ConvertTo(d, hn::PromoteTo(d_int, load_stored(row.stored + x * row.pitch, row.pitch)));
    auto value = hn::MulAdd(slope, stored, intercept);
    if (row.noise != nullptr) value = hn::Add(value, hn::LoadU(d, row.noise + x));
    hn::StoreU(value, d, hu + x);
  }
  return whole;
}

/// Quads written.
HWY_INLINE std::int64_t noise_registers(const NoiseRow& row, float* noise) {
  const Floats d;
  const Words d_word;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto deviation = hn::Set(d, row.deviation);
  const auto first = hn::Set(d_word, 0xD2511F53U), second = hn::Set(d_word, 0xCD9E8D57U);
  const std::int64_t whole = (row.count + 3) / 4 / lanes * lanes;
  for (std::int64_t quad = 0; quad < whole; quad += lanes) {  // nn::philox, a quad a lane
    WordVector x0 = hn::Iota(d_word, static_cast<std::uint32_t>(quad)), x1 = hn::Set(d_word, row.row),
               x2 = hn::Set(d_word, row.slice), x3 = hn::Zero(d_word);
    std::uint32_t key_low = row.key_low, key_high = row.key_high;
    for (int round = 0; round < 10; ++round) {
      const Product a = multiply(x0, first), b = multiply(x2, second);
      x0 = hn::Xor(hn::Xor(b.high, x1), hn::Set(d_word, key_low));
      x2 = hn::Xor(hn::Xor(a.high, x3), hn::Set(d_word, key_high));
      x1 = b.low;
      x3 = a.low;
      key_low += 0x9E3779B9U;
      key_high += 0xBB67AE85U;
    }
    hn::StoreInterleaved4(hn::Mul(deviation, noise_of_bits(x0)), hn::Mul(deviation, noise_of_bits(x1)),
                          hn::Mul(deviation, noise_of_bits(x2)), hn::Mul(deviation, noise_of_bits(x3)), d,
                          noise + 4 * quad);
  }
  return whole;
}

/// A vector for each lane.
struct LaneVectors {
  Vector a, b, c, d;
};

/// Calls f(lane number, its member of each argument) for lanes below `lanes`.
template <int lanes, class F, class... Lanes>
HWY_INLINE void for_each_lane(const F& f, Lanes&... of) {
  f(0, of.a...);
  if constexpr (lanes > 1) f(1, of.b...);
  if constexpr (lanes > 2) f(2, of.c...);
  if constexpr (lanes > 3) f(3, of.d...);
}

/// The sums of WindowedRows, a register of pixels for each lane.
template <int lanes>
class WindowedSums {
 public:
  explicit HWY_INLINE WindowedSums(const WindowedRows& rows) : taps_(rows.taps), hu_(rows.hu), weight_(rows.weight) {
    const Floats d;
    for_each_lane<lanes>(
        [&](int l, Vector& lower, Vector& least, Vector& most, Vector& start) HWY_ATTR {
          lower = hn::Set(d, rows.window[l].lower);
          least = hn::Set(d, rows.window[l].least);
          most = hn::Set(d, rows.window[l].most);
          start = hn::Set(d, rows.start[l]);
        },
        lower_, least_, most_, start_);
  }

  /// Sums over `step` neighbouring pixels, the first of them pixel x.
  template <int step>
  HWY_INLINE LaneVectors at(std::int64_t x) const {
    if constexpr (step == 1) {
      return at_pixels(x);
    } else {
      const Floats d;
      const auto registers = static_cast<std::int64_t>(hn::Lanes(d));
      LaneVectors left = at<step / 2>(x);
      const LaneVectors right = at<step / 2>(x + step / 2 * registers);
      for_each_lane<lanes>([&](int, Vector& low, const Vector& high)
                               HWY_ATTR { low = hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low)); },
                           left, right);
      return left;
    }
  }

 private:
  HWY_INLINE LaneVectors at_pixels(std::int64_t x) const {
    const Floats d;
    LaneVectors sums;  // not copied as a whole: g++ would do that in halves of registers
    for_each_lane<lanes>([](int, Vector& sum, const Vector& start) HWY_ATTR { sum = start; }, sums, start_);
    for (int t = 0; t < taps_; ++t) {
      const Vector weight = hn::Set(d, weight_[t]);
      const std::array<const float*, 4>& hu = hu_[t];
      for_each_lane<lanes>(
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
template <int lanes>
HWY_INLINE std::int64_t window_registers_of(const WindowedRows& rows, float* to) {
  const Floats d;
  const auto registers = static_cast<std::int64_t>(hn::Lanes(d));
  const WindowedSums<lanes> sums(rows);
  const std::int64_t whole = rows.count / registers * registers;
  for (std::int64_t x = 0; x < whole; x += registers) {
    const LaneVectors pixels = sums.template at<1>(x);
    if constexpr (lanes == 1) hn::StoreInterleaved4(pixels.a, pixels.a, pixels.a, pixels.a, d, to + 4 * x);
    if constexpr (lanes == 2) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.a, pixels.b, d, to + 4 * x);
    if constexpr (lanes == 3) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.c, pixels.c, d, to + 4 * x);
    if constexpr (lanes == 4) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.c, pixels.d, d, to + 4 * x);
  }
  return whole;
}

/// Pixels written.
template <int lanes, int step>
HWY_INLINE std::int64_t write_registers_of(const WindowedRows& rows, const LaneScale<float>& scale, float* to) {
  const Floats d;
  const auto registers = static_cast<std::int64_t>(hn::Lanes(d));
  const WindowedSums<lanes> sums(rows);
  LaneVectors factor, shift;
  for_each_lane<lanes>(
      [&](int l, Vector& one_factor, Vector& one_shift) HWY_ATTR {
        one_factor = hn::Set(d, scale.scale[l]);
        one_shift = hn::Set(d, scale.shift[l]);
      },
      factor, shift);
  const std::int64_t whole = rows.count / step / registers * registers;
  for (std::int64_t j = 0; j < whole; j += registers) {
    LaneVectors pixels = sums.template at<step>(step * j);
    for_each_lane<lanes>([&](int, Vector& value, const Vector& by, const Vector& plus)
                             HWY_ATTR { value = hn::MulAdd(value, by, plus); },
                         pixels, factor, shift);
    if constexpr (lanes == 1) hn::StoreU(pixels.a, d, to + j);
    if constexpr (lanes == 2) hn::StoreInterleaved2(pixels.a, pixels.b, d, to + 2 * j);
    if constexpr (lanes == 3) hn::StoreInterleaved3(pixels.a, pixels.b, pixels.c, d, to + 3 * j);
    if constexpr (lanes == 4) hn::StoreInterleaved4(pixels.a, pixels.b, pixels.c, pixels.d, d, to + 4 * j);
  }
  return whole;
}

template <int lanes>
HWY_INLINE std::int64_t write_registers_of(const WindowedRows& rows, int step, const LaneScale<float>& scale,
                                           float* to) {
  if (step == 1) return write_registers_of<lanes, 1>(rows, scale, to);
  if (step == 2) return write_registers_of<lanes, 2>(rows, scale, to);
  return write_registers_of<lanes, 4>(rows, scale, to);
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

void hounsfield_row(const StoredRow& row, float* hu) {
  for (std::int64_t x = hounsfield_registers(row, hu); x < row.count; ++x) {
    const float value = row.slope * static_cast<float>(row.stored[x * row.pitch]) + row.intercept;
    hu[x] = row.noise != nullptr ? value + row.noise[x] : value;
  }
}

void noise_row(const NoiseRow& row, float* noise) {
  for (std::int64_t quad = noise_registers(row, noise); quad < (row.count + 3) / 4; ++quad) {
    const Philox4 bits =
        functors::ct_noise_bits(row.key_low, row.key_high, static_cast<std::uint32_t>(quad), row.row, row.slice);
    for (int i = 0; i < 4; ++i) noise[4 * quad + i] = row.deviation * functors::ct_noise(bits.x[i]);
  }
}

void add_windowed_rows(const WindowedRows& rows, float* to) {
  float sum[block];
  for (std::int64_t x = window_registers(rows, to); x < rows.count; x += block) {
    const std::int64_t count = std::min(block, rows.count - x);
    for (int l = 0; l < rows.lanes; ++l) {
      sum_block(rows, l, x, count, sum);
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

void sum_weighted_pixels(const WeightedPixels& pixels, float* to) {
  // A whole register also covers the beginning of the next pixel, which is written after it; the last pixels are
  // written lane by lane.
  const std::int64_t room = pixels.pitch == pixels.lanes ? pixels.count - 4 / pixels.lanes : 0;
  const std::int64_t whole = std::max<std::int64_t>(room, 0);
  write_whole_pixels(pixels, whole, to);
  for (std::int64_t j = whole; j < pixels.count; ++j) {
    float lane[4];
    write_pixel(pixels, j, lane);
    std::copy_n(lane, pixels.lanes, to + j * pixels.pitch);
  }
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(hounsfield_row);
HWY_EXPORT(noise_row);
HWY_EXPORT(add_windowed_rows);
HWY_EXPORT(write_windowed_rows);
HWY_EXPORT(sum_weighted_pixels);

void hounsfield_row(const StoredRow& row, float* hu) { HWY_DYNAMIC_DISPATCH(hounsfield_row)(row, hu); }
void noise_row(const NoiseRow& row, float* noise) { HWY_DYNAMIC_DISPATCH(noise_row)(row, noise); }
void add_windowed_rows(const WindowedRows& rows, float* to) { HWY_DYNAMIC_DISPATCH(add_windowed_rows)(rows, to); }
void write_windowed_rows(const WindowedRows& rows, int step, const LaneScale<float>& scale, std::int64_t pitch,
                         float* to) {
  HWY_DYNAMIC_DISPATCH(write_windowed_rows)(rows, step, scale, pitch, to);
}
void sum_weighted_pixels(const WeightedPixels& pixels, float* to) {
  HWY_DYNAMIC_DISPATCH(sum_weighted_pixels)(pixels, to);
}

}  // namespace nn::cpu
#endif
