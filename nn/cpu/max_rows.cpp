// Compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/max_rows.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/max_rows.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// One vector of channels.
template <class D>
HWY_INLINE void take_larger_of(D d, const float* x, std::uint8_t position, float* best, std::uint8_t* from) {
  const hn::Rebind<std::int32_t, D> wide;
  const hn::Rebind<std::uint8_t, D> narrow;
  const auto value = hn::LoadU(d, x), before = hn::LoadU(d, best);
  const auto larger = hn::Or(hn::Gt(value, before), hn::IsNaN(value));
  hn::StoreU(hn::IfThenElse(larger, value, before), d, best);
  if (from == nullptr) return;
  const auto kept = hn::PromoteTo(wide, hn::LoadU(narrow, from));
  const auto origin = hn::IfThenElse(hn::RebindMask(wide, larger), hn::Set(wide, position), kept);
  hn::StoreU(hn::DemoteTo(narrow, origin), narrow, from);
}

template <class D>
HWY_INLINE void add_to_origin(D d, const float* dy, const std::uint8_t* from, std::uint8_t position, float* dx) {
  const hn::Rebind<std::int32_t, D> wide;
  const hn::Rebind<std::uint8_t, D> narrow;
  const auto origin = hn::PromoteTo(wide, hn::LoadU(narrow, from));
  const auto here = hn::RebindMask(d, hn::Eq(origin, hn::Set(wide, position)));
  hn::StoreU(hn::Add(hn::LoadU(d, dx), hn::IfThenElseZero(here, hn::LoadU(d, dy))), d, dx);
}

const hn::CappedTag<float, 16> vector;
const hn::CappedTag<float, 1> single;

}  // namespace

void take_larger(std::int64_t c, const float* x, std::uint8_t position, float* best, std::uint8_t* from) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector));
  std::int64_t i = 0;
  for (; i + lanes <= c; i += lanes) {
    take_larger_of(vector, x + i, position, best + i, from == nullptr ? nullptr : from + i);
  }
  for (; i < c; ++i) take_larger_of(single, x + i, position, best + i, from == nullptr ? nullptr : from + i);
}

void add_where(std::int64_t c, const float* dy, const std::uint8_t* from, std::uint8_t position, float* dx) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(vector));
  std::int64_t i = 0;
  for (; i + lanes <= c; i += lanes) add_to_origin(vector, dy + i, from + i, position, dx + i);
  for (; i < c; ++i) add_to_origin(single, dy + i, from + i, position, dx + i);
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(take_larger);
HWY_EXPORT(add_where);

template <>
void take_larger(std::int64_t c, const float* x, std::uint8_t position, float* best, std::uint8_t* from) {
  HWY_DYNAMIC_DISPATCH(take_larger)(c, x, position, best, from);
}

template <>
void add_where(std::int64_t c, const float* dy, const std::uint8_t* from, std::uint8_t position, float* dx) {
  HWY_DYNAMIC_DISPATCH(add_where)(c, dy, from, position, dx);
}

}  // namespace nn::cpu
#endif
