// The innermost part of a product whose left operand is read where it lies, in the lines of an image: nothing is
// packed.
//
// Of an image in NHWC a window sees kernel_h runs of kernel_w * c elements that lie side by side, and the window of the
// next pixel lies step * c elements further, in the same lines:
//
//     line h      . . [ 3 pixels x c ] . .        depth runs along the window: `run` elements,
//     line h + 1  . . [ 3 pixels x c ] . .        then from `run_step` behind the run's beginning the next run
//     line h + 2  . . [ 3 pixels x c ] . .
//                      └► next row: row_step
//
// Or, for gradients of weights, rows are the elements of a run, and the depth is the pixels of an output line.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// C = A B, or C += A B, in f32 by the SIMD target in use, which is not "baseline".
struct LineProduct {
  /// Element (i, p) of A lies at i * row_step + p * depth_step behind `a`, plus run_step - run * depth_step for every
  /// run that ended before depth p. The first run may be shorter. Of row_step and depth_step one is 1.
  const float* a;
  std::int64_t row_step, depth_step;
  std::int64_t first_run, run, run_step;
  /// Row p of B lies at p * b_step; of as many columns as a tile has, or fewer.
  const float* b;
  std::int64_t b_step;
  /// Rows c_pitch apart.
  float* c;
  std::int64_t c_pitch;
  std::int64_t rows, columns, depth;  // columns: a multiple of a vector, up to a tile's
  bool add;
};

/// Rows are computed in pairs: of an odd number, A is read and C written one row further.
void multiply_lines(const LineProduct& product);

}  // namespace nn::cpu
