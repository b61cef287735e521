// One slice of 512 x 512 on its way to the network, as validation and as training with augmentation have it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "nn/functors/ct_input.h"
#include "nn/kernels/ct_input.h"

namespace {

using nn::functors::CtColumn;

struct Case {
  const char* name;
  int slices, windows, size;
  double rotation = 0, noise = 0;  // radians, HU
};

const Case cases[] = {
    {"3 windows @256", 1, 3, 256},
    {"3 windows @512", 1, 3, 512},
    {"3 windows @384", 1, 3, 384},
    {"3 windows @224", 1, 3, 224},
    {"3 windows @128", 1, 3, 128},
    {"3 slices @256", 3, 1, 256},
    {"3 windows @256, turned", 1, 3, 256, 0.1},
    {"3 windows @256, turned, noise", 1, 3, 256, 0.1, 3},
    {"3 slices @256, turned, noise", 3, 1, 256, 0.1, 3},
};

constexpr std::int64_t source = 512;

nn::Tensor parameters(const Case& one) {
  std::vector<double> row(static_cast<std::size_t>(nn::functors::ct_columns(one.windows)));
  for (int s = 0; s < one.slices; ++s) row[static_cast<std::size_t>(CtColumn::slope + s)] = 1;
  const double step = static_cast<double>(source) / one.size, middle = (one.size - 1) / 2.0;
  const double cosine = step * std::cos(one.rotation), sine = step * std::sin(one.rotation);
  const double map[6] = {cosine, sine,   255.5 - (cosine + sine) * middle,
                         -sine,  cosine, 255.5 - (cosine - sine) * middle};
  std::copy(map, map + 6, row.begin() + CtColumn::affine);
  row[CtColumn::noise] = one.noise;
  for (int w = 0; w < one.windows; ++w) {
    row[static_cast<std::size_t>(CtColumn::windows + 2 * w)] = 40;
    row[static_cast<std::size_t>(CtColumn::windows + 2 * w + 1)] = 80 + 100 * w;
  }
  return nn::Tensor::from<double>(nn::vector_shape(static_cast<std::int64_t>(row.size())),
                                  std::span(std::as_const(row)));
}

void ct_input(benchmark::State& state, const Case& one) {
  nn::Tensor slices = nn::Tensor::empty({1, source, source, one.slices}, nn::DType::i16);
  for (std::int64_t i = 0; i < slices.elements(); ++i) {
    slices.data<std::int16_t>()[i] = static_cast<std::int16_t>(i * 7919 % 4096 - 1024);
  }
  const nn::Tensor row = parameters(one);
  const nn::Tensor y = nn::Tensor::empty({1, one.size, one.size, one.slices * one.windows});
  for (auto _ : state) nn::ct_input(slices, row, {}, {}, y);
  state.SetItemsProcessed(state.iterations());  // images
}

const bool registered = [] {
  for (const Case& one : cases) {
    benchmark::RegisterBenchmark((std::string("ct_input/") + one.name).c_str(), ct_input, one)
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime();  // of all threads: what one core would take
  }
  return true;
}();

}  // namespace
