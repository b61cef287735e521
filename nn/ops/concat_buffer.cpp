#include "nn/ops/concat_buffer.h"

namespace nn {

Variable ConcatBuffer::append(std::int64_t channels) {
  NN_CHECK(channels <= channels_left(), "[concat_buffer] ", channels, " channels asked for, ", channels_left(), " of ",
           whole_.c(), " left");
  filled_ += channels;
  return whole_.channel_range(filled_ - channels, filled_);
}

Variable ConcatBuffer::filled() const { return whole_.channel_range(0, filled_); }

}  // namespace nn
