// Convolution as matrix products over patches. With z = prologue(x), patches Z {n h' w', kernel_h kernel_w in} and W
// the weights as {out, kernel_h kernel_w in}:
//   forward            Y  = Z W^T
//   backward_weights   dW = dY^T Z
//   backward_data      dZ = patches of dY times W regrouped, once for each of stride_h x stride_w sets of pixels.
// Where conv_choice.h says so, by minimal filtering instead (winograd.h).
#include "nn/kernels/conv.h"

#include "nn/cpu/bf16/bf16_product.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/conv/conv_data.h"
#include "nn/cpu/conv/conv_vectors.h"
#include "nn/cpu/conv/patch_product.h"
#include "nn/cpu/filters/kept_filters.h"
#include "nn/cpu/gemm/blocking.h"
#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/winograd/winograd.h"

namespace nn {
namespace cpu {
namespace {

/// The weights as a matrix {out, kernel_h kernel_w in}: every row is a patch of its own "image".
template <class T>
PatchReader<T> weight_rows(const Tensor& w) {
  return PatchReader<T>(w, {.kernel_h = w.h(), .kernel_w = w.w()});
}

/// With so few patches packing the weights is a large part of the work (a third for 50 rows, 3 % for 4096): then they
/// are kept.
constexpr std::int64_t few_rows = 4096;

/// Packed for products with `rows` patches.
template <class T>
std::shared_ptr<const PackedMatrix<T>> packed_weights(const Tensor& w, std::int64_t rows) {
  const std::int64_t depth = w.elements() / w.n();
  const auto pack = [&] {
    return std::make_shared<const PackedMatrix<T>>(PackedMatrix<T>::from_transposed(weight_rows<T>(w), depth, w.n()));
  };
  const std::int64_t elements = depth * round_up(w.n(), tile_shape<T>().vector);
  return filters_for_call<PackedMatrix<T>>(w, rows <= few_rows, 0, static_cast<std::size_t>(elements) * sizeof(T),
                                           pack);
}

/// The same rounded to bf16, for products that take half the time.
std::shared_ptr<const Bf16Matrix> rounded_weights(const Tensor& w, std::int64_t rows, const Bf16Kernel& kernel) {
  const auto pack = [&] {
    return std::make_shared<const Bf16Matrix>(weight_rows<float>(w), w.elements() / w.n(), w.n(), kernel);
  };
  const std::int64_t bytes = Bf16Matrix::bytes(w.elements() / w.n(), w.n());
  // All kernels read one layout; those of the CPU's instructions round alike, and denormal numbers to zero.
  const int variant = kernel.round == portable_bf16_kernel().round ? 1 : 0;
  return filters_for_call<Bf16Matrix>(w, rows <= 2 * few_rows, variant, static_cast<std::size_t>(bytes), pack);
}

/// And back: dw = result + beta * dw.
template <class T>
class WeightWriter final : public MatrixWriter<T> {
 public:
  WeightWriter(const Tensor& dw, float beta)
      : dw_(dw), beta_(static_cast<T>(beta)), run_(dw.contiguous() ? dw.elements() / dw.n() : dw.c()) {}

  void write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, const T* from,
             std::int64_t pitch) const override {
    const std::int64_t taps = dw_.h() * dw_.w(), c = dw_.c();
    for (const std::int64_t end = column + columns; column < end;) {
      const std::int64_t count = std::min(run_ - column % run_, end - column);
      transform_rows<T>({.from = from,
                         .from_pitch = pitch,
                         .to = dw_.row<T>(row * taps + column / c) + column % c,
                         .to_pitch = taps * dw_.pitch(),
                         .rows = rows,
                         .columns = count,
                         .beta = beta_});
      from += count;
      column += count;
    }
  }

 private:
  Tensor dw_;
  T beta_;
  std::int64_t run_;  // elements of a row that lie side by side
};

WindowGrid forward_grid(const Shape& w, const ConvGeometry& g, const Shape& y) {
  return {.count_h = y.h,
          .count_w = y.w,
          .step_h = g.stride_h,
          .step_w = g.stride_w,
          .first_h = -g.padding.top,
          .first_w = -g.padding.left,
          .kernel_h = w.h,
          .kernel_w = w.w};
}

WindowGrid pixel_grid(const Shape& image) { return {.count_h = image.h, .count_w = image.w}; }

/// forward() with the factors of f32 rounded to bf16, behind the prologue.
void forward_in_bf16(const Tensor& x, const Tensor& w, const ConvPrologue& prologue, const ConvEpilogue& epilogue,
                     const ConvGeometry& geometry, const Tensor& y, const Bf16Kernel& kernel) {
  const auto weights = rounded_weights(w, y.rows(), kernel);
  multiply_bf16(PatchReader<float>(x, forward_grid(w.shape(), geometry, y.shape()), prologue), y.rows(), *weights,
                PixelWriter<float>(y, pixel_grid(y.shape()), epilogue), kernel);
}

void forward(const Tensor& x, const Tensor& w, const ConvPrologue& prologue, const ConvEpilogue& given,
             const ConvGeometry& geometry, const Tensor& y) {
  check_conv2d("conv2d_forward", x, w, geometry, y, x.dtype());
  check_vectors("conv2d_forward", {&prologue.scale, &prologue.shift}, x);
  check_vectors("conv2d_forward", {&given.bias, &given.scale, &given.shift, &given.mean, &given.variance}, y);
  NN_CHECK(given.mean.defined() == given.variance.defined(),
           "[conv2d_forward] expects mean and variance, or neither; got one of them");
  const ConvEpilogue epilogue = with_bias_in_shift(given);
  if (const auto tiling = winograd::tiling_for(ConvPass::forward, x, w, geometry)) {
    return winograd::forward(*tiling, x, w, prologue, epilogue, geometry.padding, y);
  }
  // Statistics are asked for in training alone, which multiplies in f32; training without them must set f32
  // (product_precision.h).
  const bool may_round = x.dtype() == DType::f32 && !epilogue.mean.defined();
  const Bf16Kernel* bf16 = may_round ? bf16_products(w.elements() / w.n()) : nullptr;
  if (bf16 != nullptr) return forward_in_bf16(x, w, prologue, epilogue, geometry, y, *bf16);
  dispatch_float("conv2d_forward", x, [&]<class T>() {
    const auto weights = packed_weights<T>(w, y.rows());
    const WindowGrid grid = forward_grid(w.shape(), geometry, y.shape());
    PixelWriter<T> pixels(y, pixel_grid(y.shape()), epilogue);
    if (!epilogue.mean.defined()) return multiply_patches<T>(x, grid, prologue, *weights, pixels);
    const std::int64_t piece_rows = patch_piece_rows<T>(x.shape(), grid, y.c());
    ChannelMoments moments(blocks(y.rows(), piece_rows), y.c());
    pixels.measure_into(moments, piece_rows);
    multiply_patches<T>(x, grid, prologue, *weights, pixels);
    moments.write(epilogue.mean, epilogue.variance);
  });
}

void backward_weights(const Tensor& x, const Tensor& dy, const ConvPrologue& prologue, const ConvGeometry& geometry,
                      const Tensor& dw, float beta) {
  check_conv2d("conv2d_backward_weights", x, dw, geometry, dy, x.dtype());
  check_vectors("conv2d_backward_weights", {&prologue.scale, &prologue.shift}, x);
  if (const auto tiling = winograd::tiling_for(ConvPass::backward_weights, x, dw, geometry)) {
    return winograd::backward_weights(*tiling, x, dy, prologue, geometry.padding, dw, beta);
  }
  dispatch_float("conv2d_backward_weights", x, [&]<class T>() {
    const WindowGrid grid = forward_grid(dw.shape(), geometry, dy.shape());
    if constexpr (std::is_same_v<T, float>) {
      if (reads_lines(grid, dy.c(), dy.dtype()) && dy.c() % tile_shape<T>().vector == 0) {
        return multiply_transposed_lines_of(dy, x, grid, prologue, WeightWriter<T>(dw, beta));
      }
    }
    const std::int64_t columns = dw.elements() / dw.n();
    const PatchReader<T> outputs(dy, pixel_grid(dy.shape()));
    const PatchReader<T> patches(x, grid, prologue);
    multiply_transposed<T>(outputs, dw.n(), patches, columns, dy.rows(), WeightWriter<T>(dw, beta));
  });
}

void backward_data(const Tensor& dy, const Tensor& w, const ConvGeometry& geometry, const Tensor& dz, float beta) {
  check_conv2d("conv2d_backward_data", dz, w, geometry, dy, dz.dtype());
  if (const auto tiling = winograd::tiling_for(ConvPass::backward_data, dz, w, geometry)) {
    return winograd::backward_data(*tiling, dy, w, geometry.padding, dz, beta);
  }
  dispatch_float("conv2d_backward_data", dy, [&]<class T>() {
    multiply_backward_data<T>(dy, w, geometry, dz.shape(),
                              [&](const WindowGrid& pixels, std::int64_t /*piece_rows*/, const auto& multiply_into) {
                                multiply_into(PixelWriter<T>(dz, pixels, {.beta = beta}));
                              });
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(conv2d_forward, cpu::forward);
NN_DEFINE_KERNEL(conv2d_backward_data, cpu::backward_data);
NN_DEFINE_KERNEL(conv2d_backward_weights, cpu::backward_weights);

}  // namespace nn
