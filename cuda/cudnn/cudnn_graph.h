// What cuDNN is to compute, as a graph of operations on tensors, and what it will be computed on. Nothing here needs a
// GPU: a device may be described by text instead (cuDNN 9.8 and later).
//
//   Graph graph;
//   const Operand x = graph.tensor(1, {256, 56, 56, 64}, DType::bf16), w = ..., bias = ..., y = ...;
//   const Operand product = graph.intermediate(y_shape, DType::f32), sum = graph.intermediate(y_shape, DType::f32);
//   graph.convolution_forward(x, w, product, geometry);
//   graph.pointwise(CUDNN_POINTWISE_ADD, product, bias, sum);
//   graph.pointwise(CUDNN_POINTWISE_RELU_FWD, sum, y);
//   graph.finish();
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/cudnn/cudnn_descriptor.h"
#include "nn/core/dtype.h"
#include "nn/core/shape.h"
#include "nn/kernels/conv.h"

namespace cuda::cudnn {

/// What plans are made for.
class Device {
 public:
  /// From cuDNN's JSON text of a device's properties: no device is needed.
  static Device from_description(const std::string& json);
  /// The CUDA device of this number.
  static Device of_machine(int number);

  /// JSON; the same for equal devices.
  std::string description() const;
  const Descriptor& descriptor() const { return descriptor_; }

 private:
  explicit Device(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

/// A tensor of one graph.
struct Operand {
  std::size_t index = 0;
};

class Graph {
 public:
  struct TensorOptions {
    std::int64_t pitch = 0;       // elements from one pixel to the next; 0: as many as there are channels
    std::int64_t alignment = 16;  // of the address, in bytes
    bool by_value = false;        // a number in host memory, given when the plan runs
  };

  /// A tensor in memory, NHWC. A plan is later told by `name`, a number of the caller's from 1 on, where it lies.
  /// Weights are {out, kernel_h, kernel_w, in}, as everywhere.
  Operand tensor(std::int64_t name, const nn::Shape& shape, nn::DType dtype, const TensorOptions& options);
  Operand tensor(std::int64_t name, const nn::Shape& shape, nn::DType dtype) { return tensor(name, shape, dtype, {}); }
  /// What one operation hands to the next: never in memory.
  Operand intermediate(const nn::Shape& shape, nn::DType dtype);

  // Products are summed in f32. `beta`: y = result + beta * y.
  void convolution_forward(Operand x, Operand w, Operand y, const nn::ConvGeometry& geometry, float beta = 0);
  void convolution_backward_data(Operand dy, Operand w, Operand dx, const nn::ConvGeometry& geometry, float beta = 0);
  void convolution_backward_weights(Operand x, Operand dy, Operand dw, const nn::ConvGeometry& geometry,
                                    float beta = 0);
  /// y = mode(x), for example CUDNN_POINTWISE_RELU_FWD; computed in f32, NaN stays NaN.
  void pointwise(cudnnPointwiseMode_t mode, Operand x, Operand y);
  /// y = mode(x, b), for example CUDNN_POINTWISE_ADD; b may be a vector {1,1,1,c}.
  void pointwise(cudnnPointwiseMode_t mode, Operand x, Operand b, Operand y);

  /// No more operations. An error if cuDNN cannot make sense of them.
  void finish();
  const Descriptor& descriptor() const { return graph_; }

 private:
  Operand add_tensor(std::int64_t name, const nn::Shape& shape, nn::DType dtype, const TensorOptions& options,
                     bool in_memory);
  const Descriptor& at(Operand operand) const { return tensors_[operand.index]; }
  const Descriptor& add_part(Descriptor part);
  /// What cuDNN calls the three convolutions and their tensors; x and w or y may be gradients.
  struct ConvolutionKind {
    const char* what;
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
  };
  void add_convolution(const ConvolutionKind& kind, Operand x, Operand w, Operand y, const nn::ConvGeometry& geometry,
                       float beta);
  /// Not finalized yet.
  Descriptor& add_pointwise(cudnnPointwiseMode_t mode, Operand x, Operand y);

  std::vector<Descriptor> tensors_, parts_, operations_;
  std::int64_t intermediates_ = 0;
  Descriptor graph_{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

}  // namespace cuda::cudnn
