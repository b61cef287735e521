// The one-dimensional transforms of F(2,3), F(4,3) and F(3,2), each vector a run of channels, and how two of them make
// a two-dimensional one. Included once per instruction set by the files that dispatch.
#if defined(NN_CPU_WINOGRAD_STEPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NN_CPU_WINOGRAD_STEPS_INL_H_
#undef NN_CPU_WINOGRAD_STEPS_INL_H_
#else
#define NN_CPU_WINOGRAD_STEPS_INL_H_
#endif

#include <hwy/highway.h>

#include "nn/cpu/winograd/winograd_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace nn::cpu::winograd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::CappedTag<float, channel_step>;
using Vector = hn::Vec<Lanes>;

HWY_INLINE Vector constant(float value) { return hn::Set(Lanes(), value); }
/// a + factor * b
HWY_INLINE Vector add_scaled(Vector a, float factor, Vector b) { return hn::MulAdd(constant(factor), b, a); }

/// A step multiplies a column of `in` vectors by a matrix of out x in, written out with its zeros and ones left away.
template <Tiling>
struct Steps;

/// F(4,3), interpolation at 0, 1, -1, 2, -2 and infinity.
template <>
struct Steps<Tiling::f4x4_3x3> {
  ///       4  0 -5  0  1  0
  ///       0 -4 -4  1  1  0
  ///  T    0  4 -4 -1  1  0
  /// B  =  0 -2 -1  2  1  0
  ///       0  2 -1 -2  1  0
  ///       0  4  0 -5  0  1
  struct Input {
    static constexpr int in = 6, out = 6;
    static HWY_INLINE void apply(const Vector* d, Vector* v) {
      const Vector even_1 = add_scaled(d[4], -4, d[2]), odd_1 = add_scaled(d[3], -4, d[1]);
      const Vector even_2 = hn::Sub(d[4], d[2]), odd_2 = hn::Sub(d[3], d[1]);
      v[0] = add_scaled(add_scaled(d[4], -5, d[2]), 4, d[0]);
      v[1] = hn::Add(even_1, odd_1);
      v[2] = hn::Sub(even_1, odd_1);
      v[3] = add_scaled(even_2, 2, odd_2);
      v[4] = add_scaled(even_2, -2, odd_2);
      v[5] = add_scaled(add_scaled(d[5], -5, d[3]), 4, d[1]);
    }
  };
  ///       1  1  1  1  1  0
  ///  T    0  1 -1  2 -2  0
  /// A  =  0  1  1  4  4  0
  ///       0  1 -1  8 -8  1
  struct Output {
    static constexpr int in = 6, out = 4;
    static HWY_INLINE void apply(const Vector* m, Vector* y) {
      const Vector even_1 = hn::Add(m[1], m[2]), odd_1 = hn::Sub(m[1], m[2]);
      const Vector even_2 = hn::Add(m[3], m[4]), odd_2 = hn::Sub(m[3], m[4]);
      y[0] = hn::Add(m[0], hn::Add(even_1, even_2));
      y[1] = add_scaled(odd_1, 2, odd_2);
      y[2] = add_scaled(even_1, 4, even_2);
      y[3] = hn::Add(add_scaled(odd_1, 8, odd_2), m[5]);
    }
  };
  /// A
  struct OutputGradient {
    static constexpr int in = 4, out = 6;
    static HWY_INLINE void apply(const Vector* y, Vector* m) {
      const Vector even_1 = hn::Add(y[0], y[2]), odd_1 = hn::Add(y[1], y[3]);
      const Vector even_2 = add_scaled(y[0], 4, y[2]), odd_2 = add_scaled(hn::Add(y[1], y[1]), 8, y[3]);
      m[0] = y[0];
      m[1] = hn::Add(even_1, odd_1);
      m[2] = hn::Sub(even_1, odd_1);
      m[3] = hn::Add(even_2, odd_2);
      m[4] = hn::Sub(even_2, odd_2);
      m[5] = y[3];
    }
  };
  ///       1/4     0     0
  ///      -1/6  -1/6  -1/6
  /// G =  -1/6   1/6  -1/6
  ///      1/24  1/12   1/6
  ///      1/24 -1/12   1/6
  ///         0     0     1
  struct Filter {
    static constexpr int in = 3, out = 6;
    static HWY_INLINE void apply(const Vector* g, Vector* u) {
      const Vector even_1 = hn::Mul(constant(-1.0F / 6), hn::Add(g[0], g[2])),
                   odd_1 = hn::Mul(constant(1.0F / 6), g[1]);
      const Vector even_2 = hn::Mul(constant(1.0F / 24), add_scaled(g[0], 4, g[2]));
      u[0] = hn::Mul(constant(0.25F), g[0]);
      u[1] = hn::Sub(even_1, odd_1);
      u[2] = hn::Add(even_1, odd_1);
      u[3] = add_scaled(even_2, 1.0F / 12, g[1]);
      u[4] = add_scaled(even_2, -1.0F / 12, g[1]);
      u[5] = g[2];
    }
  };
  /// The transposed of G
  struct FilterGradient {
    static constexpr int in = 6, out = 3;
    static HWY_INLINE void apply(const Vector* u, Vector* g) {
      const Vector even_1 = hn::Add(u[1], u[2]), odd_1 = hn::Sub(u[2], u[1]);
      const Vector even_2 = hn::Add(u[3], u[4]), odd_2 = hn::Sub(u[3], u[4]);
      const Vector sixth = hn::Mul(constant(1.0F / 6), hn::Sub(even_2, even_1));
      g[0] = add_scaled(add_scaled(hn::Mul(constant(0.25F), u[0]), -1.0F / 6, even_1), 1.0F / 24, even_2);
      g[1] = add_scaled(hn::Mul(constant(1.0F / 6), odd_1), 1.0F / 12, odd_2);
      g[2] = hn::Add(sixth, u[5]);
    }
  };
};

/// F(2,3), interpolation at 0, 1, -1 and infinity.
template <>
struct Steps<Tiling::f2x2_3x3> {
  ///       1  0 -1  0
  ///  T    0  1  1  0
  /// B  =  0 -1  1  0
  ///       0  1  0 -1
  struct Input {
    static constexpr int in = 4, out = 4;
    static HWY_INLINE void apply(const Vector* d, Vector* v) {
      v[0] = hn::Sub(d[0], d[2]);
      v[1] = hn::Add(d[1], d[2]);
      v[2] = hn::Sub(d[2], d[1]);
      v[3] = hn::Sub(d[1], d[3]);
    }
  };
  ///  T    1  1  1  0
  /// A  =  0  1 -1 -1
  struct Output {
    static constexpr int in = 4, out = 2;
    static HWY_INLINE void apply(const Vector* m, Vector* y) {
      y[0] = hn::Add(m[0], hn::Add(m[1], m[2]));
      y[1] = hn::Sub(hn::Sub(m[1], m[2]), m[3]);
    }
  };
  /// A
  struct OutputGradient {
    static constexpr int in = 2, out = 4;
    static HWY_INLINE void apply(const Vector* y, Vector* m) {
      m[0] = y[0];
      m[1] = hn::Add(y[0], y[1]);
      m[2] = hn::Sub(y[0], y[1]);
      m[3] = hn::Neg(y[1]);
    }
  };
  ///        1    0    0
  /// G =  1/2  1/2  1/2
  ///      1/2 -1/2  1/2
  ///        0    0    1
  struct Filter {
    static constexpr int in = 3, out = 4;
    static HWY_INLINE void apply(const Vector* g, Vector* u) {
      const Vector even = hn::Mul(constant(0.5F), hn::Add(g[0], g[2]));
      u[0] = g[0];
      u[1] = add_scaled(even, 0.5F, g[1]);
      u[2] = add_scaled(even, -0.5F, g[1]);
      u[3] = g[2];
    }
  };
  /// The transposed of G
  struct FilterGradient {
    static constexpr int in = 4, out = 3;
    static HWY_INLINE void apply(const Vector* u, Vector* g) {
      const Vector half = hn::Mul(constant(0.5F), hn::Add(u[1], u[2]));
      g[0] = hn::Add(u[0], half);
      g[1] = hn::Mul(constant(0.5F), hn::Sub(u[1], u[2]));
      g[2] = hn::Add(half, u[3]);
    }
  };
};

/// F(3,2), interpolation at 0, 1, -1 and infinity: the pixels are transformed as by F(2,3), the other two matrices
/// exchange their parts.
template <>
struct Steps<Tiling::f3x3_2x2> {
  using Input = Steps<Tiling::f2x2_3x3>::Input;
  ///       1  1  1  0
  ///  T    0  1 -1  0
  /// A  =  0  1  1 -1
  struct Output {
    static constexpr int in = 4, out = 3;
    static HWY_INLINE void apply(const Vector* m, Vector* y) {
      const Vector even = hn::Add(m[1], m[2]);
      y[0] = hn::Add(m[0], even);
      y[1] = hn::Sub(m[1], m[2]);
      y[2] = hn::Sub(even, m[3]);
    }
  };
  /// A
  struct OutputGradient {
    static constexpr int in = 3, out = 4;
    static HWY_INLINE void apply(const Vector* y, Vector* m) {
      const Vector even = hn::Add(y[0], y[2]);
      m[0] = y[0];
      m[1] = hn::Add(even, y[1]);
      m[2] = hn::Sub(even, y[1]);
      m[3] = hn::Neg(y[2]);
    }
  };
  ///        1    0
  /// G =  1/2  1/2
  ///      1/2 -1/2
  ///        0    1
  struct Filter {
    static constexpr int in = 2, out = 4;
    static HWY_INLINE void apply(const Vector* g, Vector* u) {
      u[0] = g[0];
      u[1] = hn::Mul(constant(0.5F), hn::Add(g[0], g[1]));
      u[2] = hn::Mul(constant(0.5F), hn::Sub(g[0], g[1]));
      u[3] = g[1];
    }
  };
  /// The transposed of G
  struct FilterGradient {
    static constexpr int in = 4, out = 2;
    static HWY_INLINE void apply(const Vector* u, Vector* g) {
      g[0] = add_scaled(u[0], 0.5F, hn::Add(u[1], u[2]));
      g[1] = add_scaled(u[3], 0.5F, hn::Sub(u[1], u[2]));
    }
  };
};

/// Calls body(Steps<tiling>()).
template <class Body>
void with_steps(Tiling tiling, const Body& body) {
  switch (tiling) {
    case Tiling::f2x2_3x3:
      return body(Steps<Tiling::f2x2_3x3>());
    case Tiling::f4x4_3x3:
      return body(Steps<Tiling::f4x4_3x3>());
    case Tiling::f3x3_2x2:
      return body(Steps<Tiling::f3x3_2x2>());
  }
}

/// result = S x S^T for the matrix S of a step: load(i, j) gives x, store(i, j, vector) takes the result.
template <class Step, class Load, class Store>
HWY_INLINE void transform_2d(const Load& load, Store& store) {
  constexpr int in = Step::in, out = Step::out;
  Vector half[out][in];
#pragma GCC unroll 6
  for (int j = 0; j < in; ++j) {
    Vector column[in], transformed[out];
#pragma GCC unroll 6
    for (int i = 0; i < in; ++i) column[i] = load(i, j);
    Step::apply(column, transformed);
#pragma GCC unroll 6
    for (int i = 0; i < out; ++i) half[i][j] = transformed[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < out; ++i) {
    Vector transformed[out];
    Step::apply(half[i], transformed);
#pragma GCC unroll 6
    for (int j = 0; j < out; ++j) store(i, j, transformed[j]);
  }
}

/// Loads a vector of which only the first `count` elements exist (0 or less: none); zeros follow. Nothing else is read:
/// before AVX2 a masked load would read what does not exist, too.
HWY_INLINE Vector load_first(const float* from, std::int64_t count) {
  const Lanes d;
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(count > 0 ? count : 0)), d, from);
#else
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (count >= lanes) return hn::LoadU(d, from);
  HWY_ALIGN float existing[channel_step] = {};
  for (std::int64_t i = 0; i < count; ++i) existing[i] = from[i];
  return hn::Load(d, existing);
#endif
}

/// Stores the first `count` elements of a vector (1 or more). Nothing else is written: before AVX2 a masked store would
/// write its neighbours back, too, which may be another thread's.
HWY_INLINE void store_first(Vector value, std::int64_t count, float* to) {
  const Lanes d;
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(value, hn::FirstN(d, static_cast<std::size_t>(count)), d, to);
#else
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (count >= lanes) return hn::StoreU(value, d, to);
  HWY_ALIGN float existing[channel_step];
  hn::Store(value, d, existing);
  for (std::int64_t i = 0; i < count; ++i) to[i] = existing[i];
#endif
}

}  // namespace nn::cpu::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NN_CPU_WINOGRAD_STEPS_INL_H_
