// Matrix products on cuBLASLt.
#pragma once

#include "cuda/gemm/matrix_product.h"

namespace cuda {

/// Queues the product on the context's stream. The algorithm is cuBLASLt's first choice for such a product. Where
/// DeviceOptions::autotune is set, it is the fastest of its first eight; that choice is kept on disk (plan_store.h),
/// for another would add up in another order: with it, the next run's bits are the same.
///
/// Rounding: products of bf16 are exact in f32 and summed there; of f32 they are rounded to f32, or their factors to 10
/// bits of mantissa first where DeviceOptions::tensor_float32 is set. alpha, beta c, bias and ReLU are applied in f32,
/// and the result is rounded once, to c's type. Where the inner dimension is split among blocks, their partial sums are
/// f32 too.
void multiply(const MatrixProduct& product);

/// Whether a product's ReLU lets NaN through, as it must to reach the loss. Of its epilogues cuBLASLt's documentation
/// says max(x, 0), which leaves that open: the device is asked, by one product for each type. False while a step is
/// recorded and nobody has asked before: then the ReLU is a pass of its own, with the same bits.
bool relu_keeps_nan(nn::DType dtype);

}  // namespace cuda
