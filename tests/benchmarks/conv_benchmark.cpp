// Convolutions as the networks have them: forward, backward for data and for weights.
// Counters, of the fastest iteration (others may use the machine too): milliseconds, GF/s (a multiply-add of the
// definition counts as two) and percent of the multiply-add peak of the threads in use. Where minimal filtering is
// chosen, which multiplies less, the label says so, and "x direct" is how much faster it is than direct, run in turn.
// The weights change before every iteration, as in training, so that filters are made anew. "x kept" is how many times
// as long that takes as a call with weights seen twice before, whose filters may be kept (nn/cpu/filters/).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <string>

#include "nn/core/parallel.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/kernels/conv.h"
#include "tests/benchmarks/fma_peak.h"

namespace {

struct Layer {
  const char* name;
  nn::Shape x, w;
  nn::ConvGeometry geometry{};
  std::int64_t block = 0;  // x is a slice of so many channels (0: no slice), read through batch norm and ReLU
};

/// All of cnn, cnn-2019 and VGG16 at their usual sizes, and those of DenseNet121, of whose 1x1 convolutions in dense
/// blocks there are 58 a few stand for all; and some others.
const Layer layers[] = {
    {"stem 3x3/2 3->32 @256", {8, 256, 256, 3}, {32, 3, 3, 3}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)}},
    {"stem 7x7/2 3->64 @224", {8, 224, 224, 3}, {64, 7, 7, 3}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(3)}},
    {"3x3/2 32->48 @128", {8, 128, 128, 32}, {48, 3, 3, 32}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)}},
    {"3x3 48->48 @64", {8, 64, 64, 48}, {48, 3, 3, 48}, {.padding = nn::pad(1)}},
    {"3x3/2 48->96 @64", {8, 64, 64, 48}, {96, 3, 3, 48}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)}},
    {"3x3 96->96 @32", {8, 32, 32, 96}, {96, 3, 3, 96}, {.padding = nn::pad(1)}},
    {"3x3/2 96->192 @32", {8, 32, 32, 96}, {192, 3, 3, 96}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)}},
    {"3x3 192->192 @16", {8, 16, 16, 192}, {192, 3, 3, 192}, {.padding = nn::pad(1)}},
    {"3x3 1->32 @64", {8, 64, 64, 1}, {32, 3, 3, 1}, {.padding = nn::pad(1)}},
    {"3x3 32->32 @64", {8, 64, 64, 32}, {32, 3, 3, 32}, {.padding = nn::pad(1)}},
    {"3x3 48->48 @32", {8, 32, 32, 48}, {48, 3, 3, 48}, {.padding = nn::pad(1)}},
    {"3x3 64->64 @56", {8, 56, 56, 64}, {64, 3, 3, 64}, {.padding = nn::pad(1)}},
    {"3x3/2 64->128 @56", {8, 56, 56, 64}, {128, 3, 3, 64}, {.stride_h = 2, .stride_w = 2, .padding = nn::pad(1)}},
    {"3x3 3->64 @224", {2, 224, 224, 3}, {64, 3, 3, 3}, {.padding = nn::pad(1)}},
    {"3x3 64->64 @224", {2, 224, 224, 64}, {64, 3, 3, 64}, {.padding = nn::pad(1)}},
    {"3x3 64->128 @112", {2, 112, 112, 64}, {128, 3, 3, 64}, {.padding = nn::pad(1)}},
    {"3x3 128->128 @112", {2, 112, 112, 128}, {128, 3, 3, 128}, {.padding = nn::pad(1)}},
    {"3x3 128->256 @56", {2, 56, 56, 128}, {256, 3, 3, 128}, {.padding = nn::pad(1)}},
    {"3x3 256->256 @56", {2, 56, 56, 256}, {256, 3, 3, 256}, {.padding = nn::pad(1)}},
    {"3x3 256->512 @28", {8, 28, 28, 256}, {512, 3, 3, 256}, {.padding = nn::pad(1)}},
    {"3x3 512->512 @28", {8, 28, 28, 512}, {512, 3, 3, 512}, {.padding = nn::pad(1)}},
    {"3x3 128->32 @56", {8, 56, 56, 128}, {32, 3, 3, 128}, {.padding = nn::pad(1)}},
    {"3x3 128->32 @14", {8, 14, 14, 128}, {32, 3, 3, 128}, {.padding = nn::pad(1)}},
    {"3x3 128->32 @7", {8, 7, 7, 128}, {32, 3, 3, 128}, {.padding = nn::pad(1)}},
    {"3x3 128->32 @28", {8, 28, 28, 128}, {32, 3, 3, 128}, {.padding = nn::pad(1)}},
    {"3x3 256->256 @28", {4, 28, 28, 256}, {256, 3, 3, 256}, {.padding = nn::pad(1)}},
    {"3x3 512->512 @14", {4, 14, 14, 512}, {512, 3, 3, 512}, {.padding = nn::pad(1)}},
    {"2x2 3->96 @224", {2, 224, 224, 3}, {96, 2, 2, 3}},
    {"2x2 96->96 @111", {2, 111, 111, 96}, {96, 2, 2, 96}},
    {"2x2 96->96 @222", {2, 222, 222, 96}, {96, 2, 2, 96}},
    {"2x2 96->96 @223", {2, 223, 223, 96}, {96, 2, 2, 96}},
    {"1x1 64->128 @56", {8, 56, 56, 64}, {128, 1, 1, 64}},
    {"1x1 512->128 @28", {8, 28, 28, 512}, {128, 1, 1, 512}},
    {"1x1 992->128 @7", {8, 7, 7, 992}, {128, 1, 1, 992}},
    {"1x1 256->128 @28, transition", {8, 28, 28, 256}, {128, 1, 1, 256}},
    {"1x1 512->256 @14, transition", {8, 14, 14, 512}, {256, 1, 1, 512}},
    {"1x1 1024->512 @7, transition", {8, 7, 7, 1024}, {512, 1, 1, 1024}},
    {"1x1 128->128 @56, dense block", {8, 56, 56, 128}, {128, 1, 1, 128}, {}, 256},
    {"1x1 256->128 @28, dense block", {8, 28, 28, 256}, {128, 1, 1, 256}, {}, 512},
    {"1x1 512->128 @14, dense block", {8, 14, 14, 512}, {128, 1, 1, 512}, {}, 1024},
    {"1x1 768->128 @7, dense block", {8, 7, 7, 768}, {128, 1, 1, 768}, {}, 1024},
    {"linear 512->1000, 32 rows", {32, 1, 1, 512}, {1000, 1, 1, 512}},
};

nn::Tensor ones(nn::Shape shape) {
  nn::Tensor t = nn::Tensor::empty(shape);
  std::fill_n(t.data<float>(), t.elements(), 1.0F);
  return t;
}

/// One thread is timed by its own clock, which others who use the machine disturb less.
double seconds_now() {
  timespec now{};
  clock_gettime(nn::thread_count() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Other weights than in any call before, of which nothing has been kept.
void change(const nn::Tensor& w) { w.data<float>()[0] += 1; }

template <class Pass>
void run(benchmark::State& state, const Layer& layer, nn::cpu::ConvPass which, const Pass& pass) {
  const nn::Shape shape = nn::conv2d_output_shape(layer.x, layer.w, layer.geometry);
  const nn::Shape block = {layer.x.n, layer.x.h, layer.x.w, std::max(layer.block, layer.x.c)};
  const nn::Tensor x = ones(block).channel_range(0, layer.x.c), w = ones(layer.w), y = ones(shape);
  const auto time_into = [&](double& best) {
    const double start = seconds_now();
    pass(x, w, y);
    best = std::min(best, seconds_now() - start);
  };
  const std::string choice = nn::cpu::conv_choice();
  const nn::cpu::ConvAlgorithm algorithm =
      nn::cpu::conv_algorithm(which, layer.x, layer.w, layer.geometry, nn::DType::f32);
  const bool is_direct = algorithm == nn::cpu::ConvAlgorithm::direct;
  const bool reads_weights = which != nn::cpu::ConvPass::backward_weights;
  double best = std::numeric_limits<double>::infinity(), kept = best, direct = best;
  for (auto _ : state) {
    if (reads_weights) change(w);
    time_into(best);
    state.PauseTiming();
    if (reads_weights) {
      pass(x, w, y);  // keeps what it makes
      time_into(kept);
    }
    if (!is_direct) {
      nn::cpu::set_conv_choice("direct");
      if (reads_weights) change(w);
      time_into(direct);
      nn::cpu::set_conv_choice(choice);
    }
    state.ResumeTiming();
  }
  const auto products = static_cast<double>(shape.elements() * layer.w.h * layer.w.w * layer.w.c);
  const double rate = 2e-9 * products / best;
  state.counters["best ms"] = 1e3 * best;
  state.counters["GF/s"] = rate;
  state.counters["%peak"] = 100 * rate / bench::fma_peak() / nn::thread_count();
  if (reads_weights) state.counters["x kept"] = best / kept;
  if (is_direct) return;
  state.counters["x direct"] = direct / best;
  state.SetLabel(nn::cpu::name(algorithm));
}

/// Batch norm and ReLU where the layer reads its input through them.
nn::ConvPrologue prologue_of(const Layer& layer) {
  if (layer.block == 0) return {};
  return {.scale = ones(nn::vector_shape(layer.x.c)), .shift = ones(nn::vector_shape(layer.x.c)), .relu = true};
}

void forward(benchmark::State& state, const Layer& layer) {
  run(state, layer, nn::cpu::ConvPass::forward,
      [&, prologue = prologue_of(layer)](const nn::Tensor& x, const nn::Tensor& w, const nn::Tensor& y) {
        nn::conv2d_forward(x, w, prologue, {}, layer.geometry, y);
      });
}
void backward_data(benchmark::State& state, const Layer& layer) {
  run(state, layer, nn::cpu::ConvPass::backward_data,
      [&](const nn::Tensor& x, const nn::Tensor& w, const nn::Tensor& y) {
        nn::conv2d_backward_data(y, w, layer.geometry, x, 0);
      });
}
void backward_weights(benchmark::State& state, const Layer& layer) {
  run(state, layer, nn::cpu::ConvPass::backward_weights,
      [&, prologue = prologue_of(layer)](const nn::Tensor& x, const nn::Tensor& w, const nn::Tensor& y) {
        nn::conv2d_backward_weights(x, y, prologue, layer.geometry, w, 0);
      });
}

const bool registered = [] {
  for (const Layer& layer : layers) {
    const auto add = [&](const char* pass, void (*function)(benchmark::State&, const Layer&)) {
      benchmark::RegisterBenchmark((std::string("conv2d ") + layer.name + ", " + pass).c_str(), function, layer)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    };
    add("forward", forward);
    add("backward data", backward_data);
    add("backward weights", backward_weights);
  }
  return true;
}();

}  // namespace
