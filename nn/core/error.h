// The one exception of the library, and the check that throws it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace nn {

/// What went wrong, for a person: the operation in brackets, what was expected, what came.
/// Library code throws it and never prints, exits or aborts.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Joins its arguments into one string: message("pitch ", 3, " < c ", 4).
template <class... Parts>
std::string message(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace nn

/// NN_CHECK(w.c() == x.c(), "[conv2d] weight expects ", w.c(), " input channels, x has ", x.c());
#define NN_CHECK(condition, ...)                                 \
  do {                                                           \
    if (!(condition)) throw nn::Error(nn::message(__VA_ARGS__)); \
  } while (false)
