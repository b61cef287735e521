// A short list of names and values for a person, or one JSON object for a script.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace apps {

class Facts {
 public:
  void add(const std::string& name, const std::string& text);
  void add(const std::string& name, const char* text) { add(name, std::string(text)); }
  void add(const std::string& name, std::int64_t number);
  void add(const std::string& name, std::uint64_t number);
  void add(const std::string& name, double number);
  void add(const std::string& name, const std::vector<std::string>& texts);

  /// On standard output. In JSON, spaces in names become underscores; as text, an empty value is left out.
  void print(bool json) const;

 private:
  struct Fact {
    std::string name, text, json;
  };
  std::vector<Fact> facts_;
};

}  // namespace apps
