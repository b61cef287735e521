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

void write_pixel(const WeightedPixels& pixels, std::int64_t j, float* to) {
  const float* from = pixels.from + 4 * static_cast<std::int64_t>(pixels.first[j]);
  const float* weight = pixels.weight + j * pixels.taps;
  float sum[4] = {};
  for (int t = 0; t < pixels.taps; ++t) {
    for (int l = 0; l < 4; ++l) sum[l] += weight[t] * from[4 * t + l];
  }
  for (int l = 0; l < 4; ++l) to[l] = pixels.scale[l] * sum[l] + pixels.shift[l];
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

HWY_INLINE Vector clamped(Vector value, Vector low, Vector high) { return hn::Min(hn::Max(value, low), high); }

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

/// Pixel j, all four lanes.
HWY_INLINE void write_pixel(const WeightedPixels& pixels, std::int64_t j, float* to) {
  const Pixel d;
  const float* from = pixels.from + 4 * static_cast<std::int64_t>(pixels.first[j]);
  const float* weight = pixels.weight + j * pixels.taps;
  auto sum = hn::Mul(hn::Set(d, weight[0]), hn::LoadU(d, from));
  for (int t = 1; t < pixels.taps; ++t) sum = hn::MulAdd(hn::Set(d, weight[t]), hn::LoadU(d, from + 4 * t), sum);
  hn::StoreU(hn::MulAdd(sum, hn::LoadU(d, pixels.scale), hn::LoadU(d, pixels.shift)), d, to);
}

/// Values written.
HWY_INLINE std::int64_t hounsfield_registers(const StoredRow& row, float* hu) {
  const Floats d;
  const hn::RebindToSigned<Floats> d_int;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto slope = hn::Set(d, row.units.slope), intercept = hn::Set(d, row.units.intercept);
  const auto low = hn::Set(d, functors::lowest_hu), high = hn::Set(d, functors::highest_hu);
  // Three slices side by side are loaded at once, up to two values beyond the last: those are left to the loop below.
  const std::int64_t whole = row.pitch <= 3 ? (row.count - (row.pitch > 1 ? 1 : 0)) / lanes * lanes : 0;
  for (std::int64_t x = 0; x < whole; x += lanes) {
    const auto stored = hn::ConvertTo(d, hn::PromoteTo(d_int, load_stored(row.stored + x * row.pitch, row.pitch)));
    auto value = hn::Add(hn::Mul(slope, stored), intercept);
    if (row.noise != nullptr) value = hn::Add(value, hn::LoadU(d, row.noise + x));
    hn::StoreU(clamped(value, low, high), d, hu + x);
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

/// Pixels written.
HWY_INLINE std::int64_t window_registers(const WindowedRows& rows, float* to) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0F);
  const std::int64_t whole = rows.count / lanes * lanes;
  for (std::int64_t x = 0; x < whole; x += lanes) {
    const auto lane = [&](int l) HWY_ATTR {
      Vector sum = hn::Set(d, rows.start[l]);
      const Vector lower = hn::Set(d, rows.window[l].lower), inverse = hn::Set(d, rows.window[l].inverse_width);
      for (int t = 0; t < rows.taps; ++t) {
        const Vector share = hn::Mul(hn::Sub(hn::LoadU(d, rows.hu[t][l] + x), lower), inverse);
        sum = hn::MulAdd(hn::Set(d, rows.weight[t]), clamped(share, zero, one), sum);
      }
      return sum;
    };
    hn::StoreInterleaved4(lane(0), lane(1), lane(2), lane(3), d, to + 4 * x);
  }
  return whole;
}

#endif

}  // namespace

void hounsfield_row(const StoredRow& row, float* hu) {
  for (std::int64_t x = hounsfield_registers(row, hu); x < row.count; ++x) {
    hu[x] = row.units(static_cast<float>(row.stored[x * row.pitch]), row.noise != nullptr ? row.noise[x] : 0.0F);
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
  for (std::int64_t x = window_registers(rows, to); x < rows.count; ++x) {
    for (int l = 0; l < 4; ++l) {
      float sum = rows.start[l];
      for (int t = 0; t < rows.taps; ++t) sum += rows.weight[t] * rows.window[l](rows.hu[t][l][x]);
      to[4 * x + l] = sum;
    }
  }
}

void sum_weighted_pixels(const WeightedPixels& pixels, float* to) {
  // A whole register also covers the beginning of the next pixel, which is written after it; the last pixels are
  // written lane by lane.
  const std::int64_t whole = pixels.pitch == pixels.lanes ? pixels.count - 4 / pixels.lanes : 0;
  for (std::int64_t j = 0; j < pixels.count; ++j) {
    if (j < whole) {
      write_pixel(pixels, j, to + j * pixels.pitch);
    } else {
      float lane[4];
      write_pixel(pixels, j, lane);
      std::copy_n(lane, pixels.lanes, to + j * pixels.pitch);
    }
  }
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(hounsfield_row);
HWY_EXPORT(noise_row);
HWY_EXPORT(add_windowed_rows);
HWY_EXPORT(sum_weighted_pixels);

void hounsfield_row(const StoredRow& row, float* hu) { HWY_DYNAMIC_DISPATCH(hounsfield_row)(row, hu); }
void noise_row(const NoiseRow& row, float* noise) { HWY_DYNAMIC_DISPATCH(noise_row)(row, noise); }
void add_windowed_rows(const WindowedRows& rows, float* to) { HWY_DYNAMIC_DISPATCH(add_windowed_rows)(rows, to); }
void sum_weighted_pixels(const WeightedPixels& pixels, float* to) {
  HWY_DYNAMIC_DISPATCH(sum_weighted_pixels)(pixels, to);
}

}  // namespace nn::cpu
#endif
