#include <gtest/gtest.h>

#include "nn/kernels/fill.h"
#include "tests/cuda/with_gpu.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Tensor;

class CudaTransfer : public test::WithGpu {};

TEST_F(CudaTransfer, KernelsSeeWhatWasUploadedBeforeThem) {
  const nn::Shape shape{4, 64, 64, 16};
  const auto transfer = gpu().make_transfer();
  const Tensor host = Tensor::pinned(shape), back = Tensor::pinned(shape);
  const Tensor there = Tensor::empty(shape, DType::f32, Device::cuda),
               copy = Tensor::empty(shape, DType::f32, Device::cuda);
  nn::synchronize(Device::cuda);
  for (int round = 0; round < 20; ++round) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) host.data<float>()[i] = static_cast<float>(i % 1000 + round);
    transfer->upload(nn::row_copy(host, there));
    transfer->before_next_kernels();
    nn::copy_into(there, copy);
    nn::fill(0.0, there);  // too late to be seen in the copy
    transfer->download(nn::row_copy(copy, back));
    nn::fill(-1.0, copy);  // too late to be seen on the host
    transfer->wait();
    ASSERT_EQ(back.to_vector<float>(), host.to_vector<float>()) << round;
  }
}

TEST_F(CudaTransfer, NothingQueuedIsNothingToWaitFor) {
  const auto transfer = gpu().make_transfer();
  transfer->before_next_kernels();
  transfer->wait();
}

}  // namespace
