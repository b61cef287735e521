// Filters as products multiply by them, transformed or packed, kept from call to call while the weights stay the same,
// by calls with so few pixels that making them is a large part of the work.
//
// Weights change in many ways (an optimizer's step in a flat buffer, a file that is loaded, a copy, a pointer), and who
// changes them tells nobody. So nobody is asked: every call takes the fingerprint of the weights (fingerprint.h), which
// costs reading them once, and filters are used again only if it is that of the weights that they were made of.
//
//   weights seen for the first time    filters are made, and gone after the call
//   for the second                     made and kept
//   then                               used
//
// A step of training changes the weights: of those nothing is kept. Validation in between keeps filters, and so do
// layers that are frozen and steps that are skipped. What is kept lies beside the weights' memory (Companion) and goes
// with it, or with the first call that finds other weights there, or that has so many pixels that it makes filters in
// any case (forget_filters): training that goes on after validation has its memory back.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <typeindex>

#include "nn/tensor/tensor.h"

namespace nn::cpu {

/// What all kept filters together may take. What would go beyond is made in every call.
inline constexpr std::size_t most_kept_bytes = std::size_t{512} << 20U;
/// What they take now.
std::size_t kept_filter_bytes();

namespace detail {
/// What is made of weights besides their values: its type, one of several ways of making it, its size.
struct FilterForm {
  std::type_index type;
  int variant;
  std::size_t bytes;
};
using AnyFilters = std::shared_ptr<const void>;
AnyFilters kept_filters(const Tensor& w, const FilterForm& form, const std::function<AnyFilters()>& make);
}  // namespace detail

/// Lets go of all that is kept of w: for calls with so many pixels that they make filters anew.
void forget_filters(const Tensor& w);

/// What make() returns, a std::shared_ptr<Filters> of `bytes` bytes, or what it returned for the same values of w,
/// variant and SIMD target. Any thread may call.
template <class Filters, class Make>
std::shared_ptr<const Filters> kept_filters(const Tensor& w, int variant, std::size_t bytes, const Make& make) {
  return std::static_pointer_cast<const Filters>(detail::kept_filters(w, {typeid(Filters), variant, bytes}, make));
}

/// The same if a call has few pixels, so that making filters is a large part of its work. If it has many they are made
/// anew, and what is kept of w goes.
template <class Filters, class Make>
std::shared_ptr<const Filters> filters_for_call(const Tensor& w, bool few_pixels, int variant, std::size_t bytes,
                                                const Make& make) {
  if (few_pixels) return kept_filters<Filters>(w, variant, bytes, make);
  forget_filters(w);
  return make();
}

}  // namespace nn::cpu
