// What the loader hands over, on the host, and what the network takes, on its device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "nn/tensor/tensor.h"

namespace train {

/// The pictures of a batch before they are input: the arguments of nn::ct_input (nn/kernels/ct_input.h), checked. They
/// are a fraction of what they become, and lie in page-locked memory where there is a device to bring them to.
struct RawInput {
  nn::Shape shape{};               // of the input: {n, size, size, channels}
  std::vector<nn::Tensor> slices;  // of each image: i16 {1, h, w, k}
  nn::Tensor parameters;           // f64 {n, 1, 1, functors::ct_columns(windows)}
  nn::Tensor mean, deviation;      // f64 {1, 1, 1, channels}, or undefined; shared by all batches

  bool defined() const { return !slices.empty(); }
};

/// Images [begin, end) of a batch whose slices have one size.
using SliceRun = std::function<void(std::int64_t begin, std::int64_t end)>;
/// Calls run(begin, end) for the runs of equal slice sizes, in order: one call of nn::ct_input each.
void for_each_slice_run(const RawInput& raw, const SliceRun& run);

/// y {n, size, size, channels} on the CPU, f32 or f64: the same bits as the loader's workers make one by one.
void make_input(const RawInput& raw, const nn::Tensor& y);

struct Batch {
  nn::Tensor input{};               // f32 {n, size, size, channels}; undefined where `raw` stands for it
  RawInput raw{};                   // with LoaderOptions::raw
  nn::Tensor targets, mask;         // f32 {n, 1, 1, 6}; where mask is 0 the label is unknown and the target 0
  std::vector<std::size_t> images;  // n indices into Dataset::images
  int epoch = 0;
  std::int64_t step = 0;  // within the epoch, from 0

  /// Of the input, whether it is made or not.
  nn::Shape input_shape() const { return raw.defined() ? raw.shape : input.shape(); }
};

/// A batch on the network's device.
struct DeviceBatch {
  nn::Tensor input;          // {n, size, size, channels}, of the network's activation type
  nn::Tensor targets, mask;  // f32 {n, 1, 1, 6}
};

}  // namespace train
