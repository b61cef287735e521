// What went wrong, as text to compare.
#pragma once

#include <string>

#include "nn/core/error.h"

namespace test {

/// The message of the nn::Error that `function` throws, "" if it throws none.
template <class Function>
std::string error_of(const Function& function) {
  try {
    function();
  } catch (const nn::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace test
