// Objects of libhdf5 that close themselves, without its header. Used by hdf5.cpp and hdf5_array.cpp alone.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace io {

using Hdf5Id = std::int64_t;  // libhdf5's hid_t

/// An identifier of libhdf5 with the function that closes it.
class Hdf5Handle {
 public:
  using Close = int (*)(Hdf5Id);  // gives herr_t
  Hdf5Handle(Hdf5Id id, Close close) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, invalid)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator Hdf5Id() const { return id_; }  // NOLINT(google-explicit-constructor): takes part in libhdf5's calls

  static constexpr Hdf5Id invalid = -1;

 private:
  Hdf5Id id_;
  Close close_;
};

/// A handle that must be valid: else an error with the library's words.
Hdf5Handle checked_hdf5(Hdf5Id id, Hdf5Handle::Close close, const char* what);

/// What libhdf5 says of its last failure: the innermost entry of its stack.
std::string last_hdf5_failure();

}  // namespace io
