// Filters as products multiply by them, transformed or packed, kept from call to call while the weights stay the same:
// in inference, and of layers that are frozen.
//
// Weights change in many ways (an optimizer's step in a flat buffer, a file that is loaded, a copy, a pointer), and who
// changes them tells nobody. So nobody is asked: every call takes the fingerprint of the weights (fingerprint.h), which
// costs reading them once, and filters are used again only if it is that of the weights that they were made of.
//
//   weights seen for the first time    filters are made, and gone after the call: in training they never come again
//   for the second                     made and kept
//   then                               used
//
// They lie beside the weights' memory (Companion) and go with it.
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

/// What make() returns, a std::shared_ptr<Filters> of `bytes` bytes, or what it returned for the same values of w,
/// variant and SIMD target. Any thread may call.
template <class Filters, class Make>
std::shared_ptr<const Filters> kept_filters(const Tensor& w, int variant, std::size_t bytes, const Make& make) {
  return std::static_pointer_cast<const Filters>(detail::kept_filters(w, {typeid(Filters), variant, bytes}, make));
}

}  // namespace nn::cpu
