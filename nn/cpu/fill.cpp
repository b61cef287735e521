#include "nn/kernels/fill.h"

#include "nn/cpu/loops/elementwise.h"
#include "nn/functors/convert.h"

namespace nn {
namespace cpu {
namespace {

/// Calls body.operator()<T>() with T the element type of `tensor`, whichever it is.
template <class Body>
void dispatch_any(const Tensor& tensor, const Body& body) {
  switch (tensor.dtype()) {
    case DType::f32:
      return body.template operator()<float>();
    case DType::f64:
      return body.template operator()<double>();
    case DType::bf16:
      return body.template operator()<bfloat16>();
    case DType::i16:
      return body.template operator()<std::int16_t>();
    case DType::u8:
      return body.template operator()<std::uint8_t>();
    case DType::i32:
      return body.template operator()<std::int32_t>();
  }
}

void fill(double value, const Tensor& y) {
  dispatch_any(y, [&]<class T>() {
    const T v = functors::convert<T>(value);
    for_each_run<T>([&](std::int64_t count, T* out) { std::fill(out, out + count, v); }, y);
  });
}

void cast(const Tensor& x, const Tensor& y) {
  NN_CHECK(x.shape() == y.shape(), "[cast] from shape ", x.shape(), " to ", y.shape());
  dispatch_any(x, [&]<class From>() {
    dispatch_any(y, [&]<class To>() {
      parallel_for(0, x.rows(), rows_per_chunk(x.c()), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          const From* in = x.row<From>(r);
          To* out = y.row<To>(r);
          for (std::int64_t i = 0; i < x.c(); ++i) out[i] = functors::convert<To>(in[i]);
        }
      });
    });
  });
}

void copy_if(const Tensor& flag, const Tensor& x, const Tensor& y) {
  check_copy_if(flag, x, y);
  if (*flag.data<double>() == 0) return;
  dispatch_float("copy_if", x, [&]<class T>() {
    for_each_run<T>([](std::int64_t count, const T* from, T* to) { std::copy(from, from + count, to); }, x, y);
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(fill, cpu::fill);
NN_DEFINE_KERNEL(cast, cpu::cast);
NN_DEFINE_KERNEL(copy_if, cpu::copy_if);

}  // namespace nn
