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

  /// Text alone: what follows stands below this heading. A heading with nothing below it is left out.
  void begin(const std::string& heading);

  /// On standard output. In JSON, spaces in names become underscores; as text, an empty value is left out, and a list
  /// goes on in the next line.
  void print(bool json) const;

 private:
  struct Fact {
    std::string name, text, json, heading{};
    bool is_list = false;
  };
  void add(Fact fact);
  void print_text() const;
  void print_json() const;

  std::vector<Fact> facts_;
  std::string heading_;  // of what is added
};

}  // namespace apps
