#include "cuda/cudnn/cudnn_graph.h"

#include <array>

#include "nn/core/error.h"

namespace cuda::cudnn {
namespace {

cudnnDataType_t data_type(nn::DType dtype) {
  NN_CHECK(dtype == nn::DType::f32 || dtype == nn::DType::bf16, "[cudnn] computes f32 and bf16, got ", dtype);
  return dtype == nn::DType::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
}

Descriptor convolution(const nn::ConvGeometry& geometry) {
  const auto& [top, left, bottom, right] = geometry.padding;
  const std::array<std::int64_t, 2> strides{geometry.stride_h, geometry.stride_w}, dilations{1, 1};
  const std::array<std::int64_t, 2> before{top, left}, after{bottom, right};
  Descriptor descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  descriptor.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, dilations)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, strides)
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, before)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, after)
      .finalize("describing a convolution");
  return descriptor;
}

}  // namespace

Device Device::from_description(const std::string& json) {
  Descriptor descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  descriptor.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, json).finalize("reading a device's description");
  return Device(std::move(descriptor));
}

Device Device::of_machine(int number) {
  Descriptor descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  descriptor.set(CUDNN_ATTR_DEVICEPROP_DEVICE_ID, std::int32_t{number}).finalize("describing the device");
  return Device(std::move(descriptor));
}

std::string Device::description() const { return descriptor_.text(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION); }

Operand Graph::add_tensor(std::int64_t name, const nn::Shape& shape, nn::DType dtype, const TensorOptions& options,
                          bool in_memory) {
  // cuDNN lists dimensions as n, c, h, w whatever their order in memory; the strides say that.
  const auto& [n, h, w, c] = shape;
  const std::int64_t pitch = options.pitch == 0 ? c : options.pitch;
  const std::array<std::int64_t, 4> dimensions{n, c, h, w}, strides{h * w * pitch, 1, w * pitch, pitch};
  Descriptor& descriptor = tensors_.emplace_back(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  descriptor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, name)
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, data_type(dtype))
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, dimensions)
      .set(CUDNN_ATTR_TENSOR_STRIDES, strides)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, options.alignment)
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, !in_memory)
      .set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, options.by_value)
      .finalize(nn::message("describing a tensor ", shape, " of ", dtype));
  return {tensors_.size() - 1};
}

Operand Graph::tensor(std::int64_t name, const nn::Shape& shape, nn::DType dtype, const TensorOptions& options) {
  NN_CHECK(name > 0, "[cudnn] tensors are numbered from 1 on, got ", name);
  return add_tensor(name, shape, dtype, options, true);
}

Operand Graph::intermediate(const nn::Shape& shape, nn::DType dtype) {
  return add_tensor(-(++intermediates_), shape, dtype, {}, false);
}

const Descriptor& Graph::add_part(Descriptor part) { return parts_.emplace_back(std::move(part)); }

void Graph::add_convolution(const ConvolutionKind& kind, Operand x, Operand w, Operand y,
                            const nn::ConvGeometry& geometry, float beta) {
  operations_.emplace_back(kind.type)
      .set(kind.x, at(x))
      .set(kind.w, at(w))
      .set(kind.y, at(y))
      .set(kind.convolution, add_part(convolution(geometry)))
      .set(kind.alpha, 1.0F)
      .set(kind.beta, beta)
      .finalize(nn::message("describing a convolution's ", kind.what));
}

void Graph::convolution_forward(Operand x, Operand w, Operand y, const nn::ConvGeometry& geometry, float beta) {
  add_convolution({.what = "forward pass",
                   .type = CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                   .x = CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                   .w = CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                   .y = CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                   .convolution = CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                   .alpha = CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                   .beta = CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
                  x, w, y, geometry, beta);
}

void Graph::convolution_backward_data(Operand dy, Operand w, Operand dx, const nn::ConvGeometry& geometry, float beta) {
  add_convolution({.what = "data gradient",
                   .type = CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                   .x = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                   .w = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                   .y = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                   .convolution = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                   .alpha = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                   .beta = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
                  dx, w, dy, geometry, beta);
}

void Graph::convolution_backward_weights(Operand x, Operand dy, Operand dw, const nn::ConvGeometry& geometry,
                                         float beta) {
  add_convolution({.what = "weight gradient",
                   .type = CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                   .x = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                   .w = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                   .y = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                   .convolution = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                   .alpha = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                   .beta = CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
                  x, dw, dy, geometry, beta);
}

Descriptor& Graph::add_pointwise(cudnnPointwiseMode_t mode, Operand x, Operand y) {
  Descriptor kind(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  kind.set(CUDNN_ATTR_POINTWISE_MODE, mode)
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_PROPAGATE_NAN)  // the default makes a ReLU's NaN 0
      .finalize("describing a pointwise operation");
  return operations_.emplace_back(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, add_part(std::move(kind)))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(x))
      .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, at(y));
}

void Graph::pointwise(cudnnPointwiseMode_t mode, Operand x, Operand y) {
  add_pointwise(mode, x, y).finalize("describing a pointwise operation on one tensor");
}

void Graph::pointwise(cudnnPointwiseMode_t mode, Operand x, Operand b, Operand y) {
  add_pointwise(mode, x, y)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, at(b))
      .finalize("describing a pointwise operation on two tensors");
}

void Graph::finish() {
  graph_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations_).finalize("making a graph of operations");
}

}  // namespace cuda::cudnn
