#include "train/data/batch.h"

#include "nn/kernels/ct_input.h"
#include "nn/tensor/copy.h"

namespace train {

void for_each_slice_run(const RawInput& raw, const SliceRun& run) {
  const auto shape = [&](std::int64_t i) { return raw.slices[static_cast<std::size_t>(i)].shape(); };
  const auto images = static_cast<std::int64_t>(raw.slices.size());
  for (std::int64_t begin = 0, end = 0; begin < images; begin = end) {
    while (end < images && shape(end) == shape(begin)) ++end;
    run(begin, end);
  }
}

void make_input(const RawInput& raw, const nn::Tensor& y) {
  for_each_slice_run(raw, [&](std::int64_t begin, std::int64_t end) {
    nn::Shape shape = raw.slices[static_cast<std::size_t>(begin)].shape();
    shape.n = end - begin;
    const nn::Tensor slices = nn::Tensor::empty(shape, nn::DType::i16);
    for (std::int64_t i = begin; i < end; ++i) {
      nn::copy_into(raw.slices[static_cast<std::size_t>(i)], slices.batch_range(i - begin, i - begin + 1));
    }
    nn::ct_input(slices, raw.parameters.batch_range(begin, end), raw.mean, raw.deviation, y.batch_range(begin, end));
  });
}

}  // namespace train
