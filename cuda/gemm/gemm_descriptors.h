// cuBLASLt's descriptors of one product, freed with their owner. Making them needs no device.
#pragma once

#include <cublasLt.h>

#include <memory>
#include <type_traits>

#include "cuda/gemm/gemm_key.h"

namespace cuda {

namespace detail {
template <class Handle, cublasStatus_t (*destroy)(Handle)>
struct Destroy {
  void operator()(Handle handle) const { destroy(handle); }  // a failure would leak, no more
};
}  // namespace detail

template <class Handle, cublasStatus_t (*destroy)(Handle)>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, detail::Destroy<Handle, destroy>>;
using MatrixLayout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using MatmulDescriptor = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using MatmulPreference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

struct GemmDescriptors {
  explicit GemmDescriptors(const GemmKey& key);
  /// The product's bias; its alignment is the key's. Must be set before algorithms are looked for.
  void set_bias(const void* bias) const;

  MatmulDescriptor operation;
  MatrixLayout a, b, d;
};

cudaDataType_t cuda_type(nn::DType dtype);

/// Which ways to add up the parts of a split inner dimension may be used, as bits of cublasLtReductionScheme_t:
///   in the workspace in f32, then by a second kernel in a fixed order           always
///   in the output, whoever comes first, each rounding to the output's type      only into f32, not if deterministic
/// No split at all is always allowed.
std::uint32_t allowed_reductions(const GemmKey& key);

/// Limits under which algorithms are looked for.
MatmulPreference make_preference(const GemmKey& key, std::size_t largest_workspace);

}  // namespace cuda
