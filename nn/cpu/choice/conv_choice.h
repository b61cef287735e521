// Which algorithm a convolution runs by. A function of its shape, of one setting of the process, which may be a table,
// and of what multiplies in bf16, if anything does (product_precision.h); never of time or of the number of threads, so
// that results can be repeated.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/kernels/conv.h"

namespace nn::cpu {

/// Minimal filtering F(outputs,kernel) makes so many outputs at once, for a kernel of this size
/// (nn/cpu/winograd/README.md).
enum class ConvAlgorithm {
  direct,    // sums of products as the definition has them: the most accurate
  f2x2_3x3,  // F(2x2,3x3): 2.25 times fewer multiplications, nearly as accurate
  f4x4_3x3,  // F(4x4,3x3): 4 times fewer, an error about 15 times as large
  f3x3_2x2,  // F(3x3,2x2): 2.25 times fewer, as accurate as F(2x2,3x3)
};
/// As people type it and files keep it, minimal filtering by its outputs: "direct", "winograd-2x2", "winograd" (4x4),
/// "winograd-3x3".
const char* name(ConvAlgorithm algorithm);

enum class ConvPass { forward, backward_data, backward_weights };
const char* name(ConvPass pass);

/// All algorithms that can compute a convolution with weights {out,kernel_h,kernel_w,in}; direct, which always can, is
/// the first.
std::vector<ConvAlgorithm> possible_algorithms(const Shape& w, const ConvGeometry& geometry, DType dtype);

/// For one pass of a convolution of x {n,h,w,in} with w {out,kernel_h,kernel_w,in}. Minimal filtering is for f32,
/// kernels of 3x3 or 2x2 and stride 1.
ConvAlgorithm conv_algorithm(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry, DType dtype);
/// The same by the rule of "auto", whatever the setting is.
ConvAlgorithm usual_conv_algorithm(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry,
                                   DType dtype);

/// The settings: "auto", the fastest for each shape, by the rule in conv_choice.cpp; "winograd", the fewest
/// multiplications that are possible, F(4x4,3x3) or F(3x3,2x2); "winograd-2x2", minimal filtering that rounds less,
/// F(2x2,3x3) or F(3x3,2x2); "direct".
std::vector<std::string> conv_choices();
/// The one in use: "auto", or what the environment variable FALX_CONV names.
std::string conv_choice();
/// Takes another one from now on, and no table; an error names the choices. Not while kernels run.
void set_conv_choice(const std::string& name);

class ConvTable;
/// A table (conv_table.h) that decides in place of the setting, and "auto" what it lacks; null: the setting decides
/// again. Not while kernels run.
void set_conv_table(std::shared_ptr<const ConvTable> table);
/// The one in force, or null.
std::shared_ptr<const ConvTable> conv_table();

}  // namespace nn::cpu
