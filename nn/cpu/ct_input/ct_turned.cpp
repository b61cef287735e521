// In Google Highway, compiled once per instruction set. Places of samples are computed for a block of output pixels at
// once, in f64 as functors::SamplePoint has them; then each sample is four pixels of four lanes.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/ct_input/ct_turned.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/ct_input/ct_turned.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::HWY_NAMESPACE {
namespace {

/// Output pixels whose samples are taken together.
constexpr int block = 16;

/// Where one sample of each pixel of a block lies.
struct Places {
  alignas(64) std::int32_t x[block], y[block];  // the pixel before, along each axis
  alignas(64) float share_x[block], share_y[block];
};

#if HWY_TARGET == HWY_SCALAR || !HWY_HAVE_FLOAT64

void find_places(const TurnedRow& row, double column, double line, Places& places) {
  for (int j = 0; j < block; ++j) {
    const functors::SamplePoint x(row.map.x(column + j, line), row.plane_w),
        y(row.map.y(column + j, line), row.plane_h);
    places.x[j] = x.before;
    places.y[j] = y.before;
    places.share_x[j] = static_cast<float>(x.share);
    places.share_y[j] = static_cast<float>(y.share);
  }
}

void add_sample(const float* above, const float* below, float share_x, float share_y, float* sum) {
  for (int l = 0; l < 4; ++l) {
    const float top = functors::interpolate(above[l], above[4 + l], share_x);
    const float bottom = functors::interpolate(below[l], below[4 + l], share_x);
    sum[l] += functors::interpolate(top, bottom, share_y);
  }
}

void scale_pixel(const LaneScale<float>& scale, float* sum) {
  for (int l = 0; l < 4; ++l) sum[l] = scale.scale[l] * sum[l] + scale.shift[l];
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using Doubles = hn::CappedTag<double, 8>;
using FourFloats = hn::FixedTag<float, 4>;

/// functors::SamplePoint of a register of positions.
HWY_INLINE void find_places_along(hn::Vec<Doubles> position, int extent, std::int32_t* before, float* share) {
  const Doubles d;
  const hn::Rebind<std::int32_t, Doubles> d_int;
  const hn::Rebind<float, Doubles> d_float;
  const auto one = hn::Set(d, 1.0);
  const auto inside = hn::Min(hn::Max(position, hn::Set(d, -1.0)), hn::Set(d, static_cast<double>(extent)));
  const auto shifted = hn::DemoteTo(d_int, hn::Add(inside, one));
  hn::StoreU(hn::Sub(shifted, hn::Set(d_int, 1)), d_int, before);
  hn::StoreU(hn::DemoteTo(d_float, hn::Sub(inside, hn::Sub(hn::PromoteTo(d, shifted), one))), d_float, share);
}

HWY_INLINE void find_places(const TurnedRow& row, double column, double line, Places& places) {
  const Doubles d;
  const double* m = row.map.m;
  const auto x_step = hn::Set(d, m[0]), x_start = hn::Set(d, m[1] * line + m[2]);
  const auto y_step = hn::Set(d, m[3]), y_start = hn::Set(d, m[4] * line + m[5]);
  const int per_register = static_cast<int>(hn::Lanes(d));
  for (int j = 0; j < block; j += per_register) {
    const auto columns = hn::Add(hn::Iota(d, static_cast<double>(j)), hn::Set(d, column));
    find_places_along(hn::MulAdd(x_step, columns, x_start), row.plane_w, places.x + j, places.share_x + j);
    find_places_along(hn::MulAdd(y_step, columns, y_start), row.plane_h, places.y + j, places.share_y + j);
  }
}

/// a pixel and the one after it, of two rows; sum is of one.
HWY_INLINE void add_sample(const float* above, const float* below, float share_x, float share_y, float* sum) {
  const FourFloats d;
#if HWY_MAX_BYTES >= 32
  const hn::FixedTag<float, 8> pair;  // down first: one step for both pixels
  const auto top = hn::LoadU(pair, above);
  const auto between = hn::MulAdd(hn::Set(pair, share_y), hn::Sub(hn::LoadU(pair, below), top), top);
  const auto left = hn::LowerHalf(d, between), right = hn::UpperHalf(d, between);
#else
  const auto down = [&](int at) HWY_ATTR {
    const auto top = hn::LoadU(d, above + at);
    return hn::MulAdd(hn::Set(d, share_y), hn::Sub(hn::LoadU(d, below + at), top), top);
  };
  const auto left = down(0), right = down(4);
#endif
  const auto sample = hn::MulAdd(hn::Set(d, share_x), hn::Sub(right, left), left);
  hn::Store(hn::Add(hn::Load(d, sum), sample), d, sum);
}

HWY_INLINE void scale_pixel(const LaneScale<float>& scale, float* sum) {
  const FourFloats d;
  hn::Store(hn::MulAdd(hn::Load(d, sum), hn::LoadU(d, scale.scale), hn::LoadU(d, scale.shift)), d, sum);
}

#endif

}  // namespace

void write_turned_row(const TurnedRow& row, float* to) {
  Places places;
  for (std::int64_t first = 0; first < row.count; first += block) {
    alignas(64) float sum[4 * block] = {};
    for (int b = 0; b < row.down; ++b) {
      const double line = static_cast<double>(row.row) + functors::sample_offset(b, row.down);
      for (int a = 0; a < row.across; ++a) {
        find_places(row, static_cast<double>(first) + functors::sample_offset(a, row.across), line, places);
        for (int j = 0; j < block; ++j) {
          const float* above = row.plane + 4 * (places.y[j] * row.plane_pitch + places.x[j]);
          add_sample(above, above + 4 * row.plane_pitch, places.share_x[j], places.share_y[j], sum + 4 * j);
        }
      }
    }
    const std::int64_t count = std::min<std::int64_t>(block, row.count - first);
    for (std::int64_t j = 0; j < count; ++j) {
      scale_pixel(row.scale, sum + 4 * j);
      for (int l = 0; l < row.lanes; ++l) to[(first + j) * row.pitch + l] = sum[4 * j + l];
    }
  }
}

}  // namespace nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu {

HWY_EXPORT(write_turned_row);

void write_turned_row(const TurnedRow& row, float* to) { HWY_DYNAMIC_DISPATCH(write_turned_row)(row, to); }

}  // namespace nn::cpu
#endif
