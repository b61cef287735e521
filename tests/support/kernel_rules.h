// What each kernel does to the tensors it is given: a letter for each tensor of a call, those of structs too, in the
// order of the arguments. tests/threads holds the GPU's kernels to it; tests/traffic adds up what networks move by it.
// clang-format off
//   r  a map that is read, every element once              w  a map that is written, every element once; with beta,
//                                                             read once before
//   s  a map that is read once, a few of its rows again    W  as w, if a flag says so
//   p  a map that windows, or all pixels of one, read      m  modified in place: read and written once
//   v  a few numbers that many threads read                V  a few numbers that are results; with beta, read before
//   x  numbers of a step, read and written
// clang-format on
#pragma once

#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/ct_input.h"
#include "nn/kernels/dropout.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/optimizer.h"
#include "nn/kernels/pool.h"

namespace test {

/// Calls visit.template operator()<slot>(rules) for every kernel that is neither a convolution nor a linear layer.
template <class Visit>
void for_each_kernel_rule(const Visit& visit) {
  visit.template operator()<nn::relu_forward>("rw");
  visit.template operator()<nn::relu_backward>("rrw");
  visit.template operator()<nn::sigmoid_forward>("rw");
  visit.template operator()<nn::sigmoid_backward>("rrw");
  visit.template operator()<nn::add_forward>("rrw");
  visit.template operator()<nn::accumulate>("rw");
  visit.template operator()<nn::sum_rows>("rV");
  visit.template operator()<nn::channel_statistics_forward>("sVV");
  visit.template operator()<nn::channel_statistics_backward>("rvvvw");
  visit.template operator()<nn::normalize_forward>("rvvvvw");
  visit.template operator()<nn::fold_normalization>("vvvvVV");
  visit.template operator()<nn::normalize_backward>("rrvvvvwVVVV");
  visit.template operator()<nn::update_running_statistics>("rrmm");
  visit.template operator()<nn::max_pool_forward>("pww");
  visit.template operator()<nn::max_pool_backward>("ppw");
  visit.template operator()<nn::average_pool_forward>("pw");
  visit.template operator()<nn::average_pool_backward>("pw");
  visit.template operator()<nn::global_average_pool_forward>("rw");
  visit.template operator()<nn::global_average_pool_backward>("pw");
  visit.template operator()<nn::apply_dropout>("rvw");
  visit.template operator()<nn::sigmoid_bce_forward>("vvvvV");
  visit.template operator()<nn::sigmoid_bce_backward>("vvvvvw");
  visit.template operator()<nn::softmax_cross_entropy_forward>("vvV");
  visit.template operator()<nn::softmax_cross_entropy_backward>("vvvw");
  visit.template operator()<nn::fill>("w");
  visit.template operator()<nn::cast>("rw");
  visit.template operator()<nn::copy_if>("vrW");
  visit.template operator()<nn::sum_of_squares>("rV");
  visit.template operator()<nn::prepare_update>("vx");
  visit.template operator()<nn::sgd_update>("mrmvW");
  visit.template operator()<nn::adam_update>("mrmmvW");
  visit.template operator()<nn::ct_input>("pvvvw");
}

/// Calls visit(tensor) for a tensor, or for each of a struct of tensors; undefined ones too.
template <class Argument, class Visit>
void for_each_tensor_of(const Argument& argument, const Visit& visit) {
  if constexpr (std::is_same_v<Argument, nn::Tensor>) {
    visit(argument);
  } else if constexpr (nn::detail::HasTensors<Argument>) {
    std::apply([&](const auto&... members) { (visit(members), ...); }, argument.tensors());
  }
}

}  // namespace test
