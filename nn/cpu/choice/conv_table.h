// Which algorithm computes which convolution, one by one: what tuning found, or what a file says
// (train/conv_choices.h).
#pragma once

#include <string>
#include <vector>

#include "nn/cpu/choice/conv_choice.h"

namespace nn::cpu {

/// One pass of a convolution, for which a choice is made. Not of how many images: what a network says of an image must
/// not depend on the others beside it.
struct ConvKey {
  ConvPass pass;
  Shape x;  // {1,h,w,in}
  Shape w;  // {out,kernel_h,kernel_w,in}
  ConvGeometry geometry;
  bool operator==(const ConvKey&) const = default;
};
ConvKey conv_key(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry);
/// "3x3 64->128 @56x56, forward": kernel, channels, pixels of x.
std::string describe(const ConvKey& key);

/// Of the algorithms for one pass of a convolution, the one that computes it.
struct ConvDecision {
  struct Time {
    ConvAlgorithm algorithm;
    double milliseconds;
  };
  ConvKey key;
  ConvAlgorithm algorithm;
  std::vector<Time> times{};  // that were measured; may be empty
};

class ConvTable {
 public:
  /// Throws nn::Error for an algorithm that cannot compute this convolution, and for one that was decided already.
  void add(ConvDecision decision);
  /// Null if there is none.
  const ConvDecision* find(const ConvKey& key) const;
  const std::vector<ConvDecision>& decisions() const { return decisions_; }

 private:
  std::vector<ConvDecision> decisions_;  // a network has some dozens
};

/// Lets a table decide as long as it lives, then what decided before. Not while kernels run.
class ConvTableInForce {
 public:
  explicit ConvTableInForce(std::shared_ptr<const ConvTable> table) : before_(conv_table()) {
    set_conv_table(std::move(table));
  }
  ConvTableInForce(const ConvTableInForce&) = delete;
  ConvTableInForce& operator=(const ConvTableInForce&) = delete;
  ~ConvTableInForce() { set_conv_table(before_); }

 private:
  std::shared_ptr<const ConvTable> before_;
};

}  // namespace nn::cpu
