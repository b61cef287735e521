// Everything that is bound by memory: element-wise ops, pools, batch norm, dropout, losses, updates of parameters.
// bytes_per_second counts each feature map that an op must read or write once.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "nn/core/philox.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/dropout.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/optimizer.h"
#include "nn/kernels/pool.h"

namespace {

using nn::Tensor;

Tensor random_tensor(nn::Shape shape) {
  nn::Random random(1);
  Tensor t = Tensor::empty(shape);
  std::generate_n(t.data<float>(), t.elements(), [&] { return 0.1F + random.uniform(); });
  return t;
}

constexpr nn::PoolGeometry two_by_two{};

/// What the ops work on: feature maps of 6.4 MB, those of half their size behind a pool, vectors of their channels.
struct Tensors {
  nn::Shape map{8, 56, 56, 64};
  Tensor x = random_tensor(map), dy = random_tensor(map), y = random_tensor(map), dx = random_tensor(map);
  Tensor pooled = random_tensor(nn::pool_output_shape(map, two_by_two));
  Tensor argmax = Tensor::zeros(pooled.shape(), nn::argmax_dtype(two_by_two));
  Tensor mean = vector(), variance = vector(), gamma = vector(), shift = vector();
  Tensor dmean = vector(), dvariance = vector(), dgamma = vector(), dshift = vector();
  Tensor image_means = random_tensor({map.n, 1, 1, map.c});
  Tensor random_state = Tensor::zeros(nn::vector_shape(4), nn::DType::i32);

  Tensor logits = random_tensor({4096, 1, 1, 6}), dlogits = random_tensor({4096, 1, 1, 6});
  Tensor targets = Tensor::zeros({4096, 1, 1, 6}), weights = random_tensor(nn::vector_shape(6));
  Tensor classes = Tensor::zeros({4096, 1, 1, 1}, nn::DType::i32);
  Tensor loss = Tensor::zeros(nn::vector_shape(1)), dloss = random_tensor(nn::vector_shape(1));

  Tensor flat = x.reshape(nn::vector_shape(map.elements())), flat_gradient = dy.reshape(flat.shape());
  Tensor first = Tensor::zeros(flat.shape()), second = Tensor::zeros(flat.shape());
  Tensor step_state = Tensor::zeros(nn::vector_shape(nn::step_state::size), nn::DType::f64);
  Tensor sum = Tensor::zeros(nn::vector_shape(1), nn::DType::f64);

  Tensor vector() const { return random_tensor(nn::vector_shape(map.c)); }
  nn::NormalizeParameters normalization() const {
    return {.mean = mean, .variance = variance, .gamma = gamma, .shift = shift, .relu = true};
  }
};

struct Op {
  const char* name;
  double maps;  // read and written
  void (*run)(const Tensors&);
};

const Op ops[] = {
    {"relu, forward", 2, [](const Tensors& t) { nn::relu_forward(t.x, t.y); }},
    {"relu, backward", 3, [](const Tensors& t) { nn::relu_backward(t.y, t.dy, t.dx, 0); }},
    {"sigmoid, forward", 2, [](const Tensors& t) { nn::sigmoid_forward(t.x, t.y); }},
    {"add, forward", 3, [](const Tensors& t) { nn::add_forward(t.x, t.dy, t.y); }},
    {"accumulate", 3, [](const Tensors& t) { nn::accumulate(t.dy, t.dx, 1); }},
    {"sum_rows", 1, [](const Tensors& t) { nn::sum_rows(t.dy, t.dshift, 0); }},
    {"fill", 1, [](const Tensors& t) { nn::fill(0.5, t.y); }},
    {"dropout", 2, [](const Tensors& t) { nn::apply_dropout(t.x, t.random_state, {.probability = 0.2}, t.y, 0); }},
    {"max_pool 2x2, forward", 1.25,
     [](const Tensors& t) { nn::max_pool_forward(t.x, two_by_two, t.pooled, t.argmax); }},
    {"max_pool 2x2, inference", 1.25, [](const Tensors& t) { nn::max_pool_forward(t.x, two_by_two, t.pooled, {}); }},
    {"max_pool 2x2, backward", 1.25,
     [](const Tensors& t) { nn::max_pool_backward(t.pooled, t.argmax, two_by_two, t.dx, 0); }},
    {"average_pool 2x2, forward", 1.25,
     [](const Tensors& t) { nn::average_pool_forward(t.x, two_by_two, true, t.pooled); }},
    {"average_pool 2x2, backward", 1.25,
     [](const Tensors& t) { nn::average_pool_backward(t.pooled, two_by_two, true, t.dx, 0); }},
    {"global_average_pool, forward", 1, [](const Tensors& t) { nn::global_average_pool_forward(t.x, t.image_means); }},
    {"global_average_pool, backward", 1,
     [](const Tensors& t) { nn::global_average_pool_backward(t.image_means, t.dx, 0); }},
    {"channel_statistics, forward", 1,
     [](const Tensors& t) { nn::channel_statistics_forward(t.x, t.dmean, t.dvariance); }},
    {"channel_statistics, backward", 3,
     [](const Tensors& t) { nn::channel_statistics_backward(t.x, t.mean, t.dmean, t.dvariance, t.dx, 1); }},
    {"normalize with relu, forward", 2, [](const Tensors& t) { nn::normalize_forward(t.x, t.normalization(), t.y); }},
    {"normalize with relu, backward", 3,
     [](const Tensors& t) {
       nn::normalize_backward(
           t.x, t.dy, t.normalization(),
           {.x = {t.dx}, .mean = {t.dmean}, .variance = {t.dvariance}, .gamma = {t.dgamma}, .shift = {t.dshift}});
     }},
    {"sigmoid_bce 4096 x 6, forward", 0,
     [](const Tensors& t) { nn::sigmoid_bce_forward(t.logits, t.targets, {}, t.weights, t.loss); }},
    {"sigmoid_bce 4096 x 6, backward", 0,
     [](const Tensors& t) { nn::sigmoid_bce_backward(t.logits, t.targets, {}, t.weights, t.dloss, t.dlogits, 0); }},
    {"softmax_cross_entropy 4096 x 6, forward", 0,
     [](const Tensors& t) { nn::softmax_cross_entropy_forward(t.logits, t.classes, t.loss); }},
    {"softmax_cross_entropy 4096 x 6, backward", 0,
     [](const Tensors& t) { nn::softmax_cross_entropy_backward(t.logits, t.classes, t.dloss, t.dlogits, 0); }},
    {"sum_of_squares", 1, [](const Tensors& t) { nn::sum_of_squares(t.flat_gradient, t.sum); }},
    {"sgd_update", 5, [](const Tensors& t) { nn::sgd_update(t.flat, t.flat_gradient, t.first, {}, t.step_state, {}); }},
    {"adam_update", 7,
     [](const Tensors& t) { nn::adam_update(t.flat, t.flat_gradient, t.first, t.second, {}, t.step_state, {}); }},
};

void run(benchmark::State& state, const Op& op) {
  const Tensors tensors;
  tensors.step_state.data<double>()[nn::step_state::step] = 1;  // Adam divides by 1 - beta^step
  while (state.KeepRunning()) op.run(tensors);
  const auto bytes = static_cast<double>(tensors.map.elements()) * sizeof(float) * op.maps;
  if (op.maps > 0) state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

const bool registered = [] {
  for (const Op& op : ops) {
    benchmark::RegisterBenchmark(op.name, run, op)->Unit(benchmark::kMicrosecond)->UseRealTime();
  }
  return true;
}();

}  // namespace
