#include "nn/kernels/ct_input.h"

#include "cuda/kernels/ct_pixel.h"
#include "cuda/launch/dispatch.h"
#include "cuda/launch/launch.cuh"

namespace cuda {
namespace {

using nn::Tensor;

void ct_input(const Tensor& slices, const Tensor& parameters, const Tensor& mean, const Tensor& deviation,
              const Tensor& y) {
  nn::check_ct_arguments(slices, parameters, mean, deviation, y);
  dispatch_activation("ct_input", y, [&]<class T>() {
    const CtTiles tiles(y.h(), y.w());
    const CtPixels<T> pixels = {.tiles = tiles,
                                .slices = rows_of<const std::int16_t>(slices),
                                .h = static_cast<int>(slices.h()),
                                .w = static_cast<int>(slices.w()),
                                .k = static_cast<int>(slices.c()),
                                .one_source = slices.n() == 1,
                                .parameters = rows_of<const double>(parameters),
                                .mean = mean.defined() ? mean.data<double>() : nullptr,
                                .deviation = deviation.defined() ? deviation.data<double>() : nullptr,
                                .y = rows_of<T>(y),
                                .rows = static_cast<std::uint32_t>(y.h()),
                                .columns = static_cast<std::uint32_t>(y.w()),
                                .windows = static_cast<int>(y.c() / slices.c())};
    launch(pixels, tiles.blocks(y.n()));
  });
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(ct_input, Device::cuda, cuda::ct_input);

}  // namespace nn
