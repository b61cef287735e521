// The transforms of filters in Google Highway, compiled once per instruction set.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/cpu/winograd/winograd_filters.cpp"
#include <hwy/foreach_target.h>
// The line above includes this file once per target, the lines below are seen each time.
#include <hwy/highway.h>

#include "nn/cpu/winograd/winograd_steps-inl.h"
#include "nn/cpu/winograd/winograd_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::winograd::HWY_NAMESPACE {
namespace {

struct LoadTaps {
  const float* first;
  std::int64_t tap_step, count;
  int taps_a_line;

  HWY_INLINE Vector operator()(int i, int j) const {
    return load_first(first + (i * taps_a_line + j) * tap_step, count);
  }
};

struct StoreFilter {
  float* first;
  std::int64_t step;
  int frequencies_a_line;

  HWY_INLINE void operator()(int i, int j, Vector value) const {
    hn::Store(value, Lanes(), first + (i * frequencies_a_line + j) * step);
  }
};

template <class Step>
void to_frequencies(const FilterSource& source, std::int64_t first, std::int64_t count, const Frequencies& to) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Lanes()));
  for (std::int64_t panel = 0; panel < to.panels.columns; panel += to.panels.width) {
    const std::int64_t end = panel + to.panels.panel_width(panel);
    for (std::int64_t p = first; p < first + count; ++p) {
      float* out = to.data + to.panels.offset(p, panel);
      for (std::int64_t k = panel; k < end; k += lanes, out += lanes) {
        const std::int64_t exist = p < source.depth ? std::clamp<std::int64_t>(source.columns - k, 0, lanes) : 0;
        StoreFilter store{out, to.step, Step::out};
        transform_2d<Step>(LoadTaps{source.data + p * source.depth_step + k, source.tap_step, exist, Step::in}, store);
      }
    }
  }
}

struct LoadFilter {
  const float* first;
  std::int64_t step;
  int frequencies_a_line;

  HWY_INLINE Vector operator()(int i, int j) const {
    return hn::Load(Lanes(), first + (i * frequencies_a_line + j) * step);
  }
};

struct StoreTaps {
  float* first;
  std::int64_t tap_step, count;
  int taps_a_line;
  float beta;

  HWY_INLINE void operator()(int i, int j, Vector value) const {
    float* to = first + (i * taps_a_line + j) * tap_step;
    if (beta != 0) value = hn::MulAdd(hn::Set(Lanes(), beta), load_first(to, count), value);
    store_first(value, count, to);
  }
};

template <class Step>
void to_taps(const Frequencies& du, std::int64_t first, std::int64_t count, const Tensor& dw, float beta) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Lanes()));
  for (std::int64_t k = first; k < first + count; ++k) {
    for (std::int64_t c = 0; c < dw.c(); c += lanes) {
      const LoadFilter load{du.data + k * du.panels.columns + c, du.step, Step::in};
      StoreTaps store{dw.row<float>(Step::out * Step::out * k) + c, dw.pitch(), std::min(lanes, dw.c() - c), Step::out,
                      beta};
      transform_2d<Step>(load, store);
    }
  }
}

}  // namespace

void transform_filters(Tiling tiling, const FilterSource& source, std::int64_t first, std::int64_t count,
                       const Frequencies& to) {
  with_steps(tiling, [&](auto steps) { to_frequencies<typename decltype(steps)::Filter>(source, first, count, to); });
}
void transform_filter_gradient(Tiling tiling, const Frequencies& du, std::int64_t first, std::int64_t count,
                               const Tensor& dw, float beta) {
  with_steps(tiling,
             [&](auto steps) { to_taps<typename decltype(steps)::FilterGradient>(du, first, count, dw, beta); });
}

}  // namespace nn::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nn::cpu::winograd {

HWY_EXPORT(transform_filters);
HWY_EXPORT(transform_filter_gradient);

void transform_filters(Tiling tiling, const FilterSource& source, std::int64_t first, std::int64_t count,
                       const Frequencies& to) {
  HWY_DYNAMIC_DISPATCH(transform_filters)(tiling, source, first, count, to);
}
void transform_filter_gradient(Tiling tiling, const Frequencies& du, std::int64_t first, std::int64_t count,
                               const Tensor& dw, float beta) {
  HWY_DYNAMIC_DISPATCH(transform_filter_gradient)(tiling, du, first, count, dw, beta);
}

}  // namespace nn::cpu::winograd
#endif
