// One convolution as cuDNN is asked to compute it: plain data, equal exactly if one plan serves both.
//
// All tensors are dense and 16-byte aligned: cuda/kernels/staging.h sees to it. (cuDNN accepts slices of channels, but
// copies them into its workspace first: the same bytes, with plans that differ for every pitch.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cuda/cudnn/cudnn_graph.h"
#include "cuda/cudnn/cudnn_plan.h"
#include "nn/core/device_runtime.h"
#include "nn/core/dtype.h"
#include "nn/core/shape.h"
#include "nn/kernels/conv.h"

namespace cuda {

enum class ConvPattern {
  forward,            // y = conv(x, w)
  forward_bias,       // y = conv(x, w) + bias, rounded once
  forward_bias_relu,  // y = relu(conv(x, w) + bias), rounded once
  backward_data,      // x: the gradient that is written
  backward_weights,   // w: the gradient that is written
};

struct ConvKey {
  ConvPattern pattern = ConvPattern::forward;
  nn::DType dtype = nn::DType::f32;  // of every tensor
  nn::Shape x{}, w{};                // {n,h,w,in}, {out,kernel_h,kernel_w,in}
  nn::ConvGeometry geometry{};
  float beta = 0;  // of the gradients: result + beta * what was there
  bool deterministic = true;
  bool tensor_float32 = false;  // f32 may be multiplied with 10 bits of mantissa

  bool operator==(const ConvKey&) const = default;
  nn::Shape y() const { return nn::conv2d_output_shape(x, w, geometry); }
};

/// What the device's options ask for, as part of a key.
ConvKey with_options(ConvKey key, const nn::DeviceOptions& options);

struct ConvKeyHash {
  std::size_t operator()(const ConvKey& key) const;
};

/// "backward_data bf16 x {256, 56, 56, 64} w {64, 3, 3, 64} stride 1 x 1 padding 1 1 1 1 beta 0 deterministic": equal
/// for equal keys alone, for files and messages.
std::string text(const ConvKey& key);

/// How the tensors of a convolution are named when its plan runs.
enum ConvOperand : std::int64_t { conv_x = 1, conv_w = 2, conv_y = 3, conv_bias = 4 };

cudnn::Graph conv_graph(const ConvKey& key);

/// Whether an engine may compute it: sums in f32 of products of the inputs as they are (or of TF32, where allowed), in
/// a fixed order where that is asked for.
bool accepts(const ConvKey& key, const cudnn::EngineNotes& engine);

}  // namespace cuda
