// An environment variable, for a test and the programs that it starts.
#pragma once

#include <cstdlib>
#include <string>

namespace test {

/// Set until the test ends, then as before.
class Environment {
 public:
  Environment(const char* variable, const char* value)
      : variable_(variable), kept_(std::getenv(variable) == nullptr ? "" : std::getenv(variable)) {
    ::setenv(variable, value, 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { kept_.empty() ? ::unsetenv(variable_) : ::setenv(variable_, kept_.c_str(), 1); }

 private:
  const char* variable_;
  std::string kept_;
};

}  // namespace test
