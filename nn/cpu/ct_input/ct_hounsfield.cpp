// In Google Highway, compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/ct_input/ct_hounsfield.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/ct_input/ct_hounsfield.h"

#include "nn/functors/ct_input.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

// Every step is a loop over whole registers and a plain one over what is left; a CPU without a vector unit that Highway
// knows has the plain loops alone.
#if HWY_TARGET == HWY_SCALAR

std::int64_t hounsfield_registers(const StoredRow&, float*) { return 0; }
std::int64_t noise_registers(const NoiseRow&, float*) { return 0; }

#else

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using Words = hn::RebindToUnsigned<Floats>;
using Halves = hn::Rebind<std::int16_t, Floats>;  // as many int16 as there are floats
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

/// The lower and the upper half of the 64-bit products of all numbers.
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

/// functors::ct_noise of every number.
HWY_INLINE Vector noise_of_bits(WordVector bits) {
  const Words d;
  const auto bytes = hn::Set(d, 0x00ff00ffU);
  const auto pairs = hn::Add(hn::And(bits, bytes), hn::And(hn::ShiftRight<8>(bits), bytes));
  const auto sum = hn::Add(hn::And(pairs, hn::Set(d, 0xffffU)), hn::ShiftRight<16>(pairs));
  const hn::RebindToSigned<Words> d_signed;
  const auto centred = hn::Sub(hn::BitCast(d_signed, sum), hn::Set(d_signed, 510));
  return hn::Mul(hn::ConvertTo(Floats(), centred), hn::Set(Floats(), 6.7658751e-3F));
}

/// Values written.
HWY_INLINE std::int64_t hounsfield_registers(const StoredRow& row, float* hu) {
  const Floats d;
  const hn::RebindToSigned<Floats> d_int;
  const auto per_register = static_cast<std::int64_t>(hn::Lanes(d));
  const auto slope = hn::Set(d, row.slope), intercept = hn::Set(d, row.intercept);
  // Three slices side by side are loaded at once, up to two values beyond the last: those are left to the loop below.
  const std::int64_t whole = row.pitch <= 3 ? (row.count - (row.pitch > 1 ? 1 : 0)) / per_register * per_register : 0;
  for (std::int64_t x = 0; x < whole; x += per_register) {
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
  const auto per_register = static_cast<std::int64_t>(hn::Lanes(d));
  const auto deviation = hn::Set(d, row.deviation);
  const auto first = hn::Set(d_word, 0xD2511F53U), second = hn::Set(d_word, 0xCD9E8D57U);
  const std::int64_t whole = (row.count + 3) / 4 / per_register * per_register;
  for (std::int64_t quad = 0; quad < whole;
       quad += per_register) {  // nn::philox, as many quads as a register has numbers
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

#endif

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

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(hounsfield_row);
HWY_EXPORT(noise_row);

void hounsfield_row(const StoredRow& row, float* hu) { HWY_DYNAMIC_DISPATCH(hounsfield_row)(row, hu); }
void noise_row(const NoiseRow& row, float* noise) { HWY_DYNAMIC_DISPATCH(noise_row)(row, noise); }

}  // namespace nn::cpu
#endif
