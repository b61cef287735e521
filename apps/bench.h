// What falx bench measures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/compute.h"

namespace apps {

inline constexpr std::int64_t bench_channels = 3;

struct BenchSettings {
  std::string model;
  std::int64_t batch = 32, size = 256;
  double seconds = 3;  // to repeat for, at least
  train::Compute compute{};
};

/// Milliseconds of one repetition: a batch.
struct BenchTimes {
  double median = 0, fastest = 0, slowest = 0;
};

/// The same for a list of at least one duration.
BenchTimes summarize(std::vector<double> milliseconds);

/// A step of training on random numbers: forward, loss, backward, AdamW update. On a GPU, from slices as the loader
/// gives them: their way to the device and the making of the input are part of it, beside the step before.
BenchTimes bench_training(const BenchSettings& settings);
/// A forward pass without a tape, in the same way.
BenchTimes bench_inference(const BenchSettings& settings);

/// The share of a forward pass of one layer, or of several that are computed in one: "stage1.norm + down".
struct LayerTime {
  std::string layer, kind;
  double milliseconds = 0;          // median; what a network does between two layers counts to the second
  double multiply_adds_second = 0;  // whole batch
  std::string algorithm{};          // of a convolution on the CPU
};
struct LayerTimes {
  std::vector<LayerTime> layers;  // in order
  BenchTimes all;
};
LayerTimes bench_layers(const BenchSettings& settings);

}  // namespace apps
