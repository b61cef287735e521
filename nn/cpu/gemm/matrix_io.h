// What matrix products read and write: small interfaces, so that convolutions never build their matrices. Packing reads
// patches where they lie in the image, and writing puts results where they belong.
#pragma once

#include <cstdint>

namespace nn::cpu {

/// A matrix in memory, rows `pitch` elements apart; null where there is none.
template <class T>
struct MatrixView {
  const T* data = nullptr;
  std::int64_t pitch = 0;
};

/// A matrix that packing reads. Any thread may call.
template <class T>
class MatrixReader {
 public:
  virtual ~MatrixReader() = default;
  /// Copies columns [column, column + columns) of rows [row, row + rows) to `to`, rows `pitch` elements apart.
  virtual void read(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, T* to,
                    std::int64_t pitch) const = 0;
  /// The matrix itself, if it lies in memory as it is read.
  virtual MatrixView<T> view() const { return {}; }
  /// These are read soon: their memory may be fetched while the product computes.
  virtual void expect(std::int64_t /*row*/, std::int64_t /*rows*/, std::int64_t /*column*/,
                      std::int64_t /*columns*/) const {}
};

/// Takes finished pieces of the result, each element once. Any thread may call.
template <class T>
class MatrixWriter {
 public:
  virtual ~MatrixWriter() = default;
  virtual void write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, const T* from,
                     std::int64_t pitch) const = 0;
  /// These are written soon: their memory may be fetched while the product computes.
  virtual void expect(std::int64_t /*row*/, std::int64_t /*rows*/, std::int64_t /*column*/,
                      std::int64_t /*columns*/) const {}
};

}  // namespace nn::cpu
