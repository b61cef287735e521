#include "train/pretrained/weight_layout.h"

#include <utility>
#include <vector>

#include "io/files/printable.h"

namespace train {
namespace {

std::size_t index(std::int64_t value) { return static_cast<std::size_t>(value); }

void check_rank(const io::StoredTensor& tensor, std::size_t rank) {
  NN_CHECK(tensor.shape.size() == rank, "tensor ", io::printable(tensor.name), " has ", tensor.shape.size(),
           " dimensions, expected ", rank);
}

template <class T>
io::StoredTensor converted(const io::StoredTensor& tensor) {
  std::vector<float> values;
  for (const T value : tensor.values<T>()) values.push_back(static_cast<float>(value));
  return io::stored_tensor<float>(tensor.name, tensor.shape, values);
}

}  // namespace

io::StoredTensor hwio_to_oihw(const io::StoredTensor& kernel) {
  check_rank(kernel, 4);
  const std::int64_t pixels = kernel.shape[0] * kernel.shape[1], in = kernel.shape[2], out = kernel.shape[3];
  const std::vector<float> from = kernel.values<float>();
  std::vector<float> to(from.size());
  std::size_t next = 0;
  for (std::int64_t p = 0; p < pixels; ++p) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t o = 0; o < out; ++o) to[index((o * in + i) * pixels + p)] = from[next++];
    }
  }
  return io::stored_tensor<float>(kernel.name, {out, in, kernel.shape[0], kernel.shape[1]}, to);
}

io::StoredTensor transposed(const io::StoredTensor& kernel) {
  check_rank(kernel, 2);
  const std::int64_t in = kernel.shape[0], out = kernel.shape[1];
  const std::vector<float> from = kernel.values<float>();
  std::vector<float> to(from.size());
  for (std::int64_t i = 0; i < in; ++i) {
    for (std::int64_t o = 0; o < out; ++o) to[index(o * in + i)] = from[index(i * out + o)];
  }
  return io::stored_tensor<float>(kernel.name, {out, in}, to);
}

io::StoredTensor columns_hwc_to_chw(const io::StoredTensor& weight, std::int64_t height, std::int64_t width,
                                    std::int64_t channels) {
  check_rank(weight, 2);
  const std::int64_t pixels = height * width;
  NN_CHECK(weight.shape[1] == pixels * channels, "tensor ", io::printable(weight.name), " has ", weight.shape[1],
           " columns, expected ", height, " x ", width, " x ", channels);
  const std::vector<float> from = weight.values<float>();
  std::vector<float> to(from.size());
  std::size_t next = 0;
  for (std::int64_t row = 0; row < weight.shape[0]; ++row) {
    for (std::int64_t p = 0; p < pixels; ++p) {
      for (std::int64_t c = 0; c < channels; ++c) to[index((row * channels + c) * pixels + p)] = from[next++];
    }
  }
  return io::stored_tensor<float>(weight.name, weight.shape, to);
}

io::StoredTensor as_f32(io::StoredTensor tensor) {
  switch (tensor.type) {
    case io::ElementType::f32:
      return tensor;
    case io::ElementType::f64:
      return converted<double>(tensor);
    case io::ElementType::bf16:
      return converted<nn::bfloat16>(tensor);
    case io::ElementType::f16:
      return converted<io::Float16>(tensor);
    default:
      throw nn::Error(
          nn::message("tensor ", io::printable(tensor.name), " holds ", io::name(tensor.type), ", expected floats"));
  }
}

}  // namespace train
