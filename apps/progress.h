// Progress on standard error: a bar with rate and time left on a terminal, a line every few seconds otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "apps/progress_line.h"

namespace apps {

/// "4:05", "1:02:09": minutes and seconds, with hours if there are any.
std::string format_duration(double seconds);

class Progress {
 public:
  /// `quiet`: nothing is ever printed, except by message().
  explicit Progress(bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// `done` of `total` units ("images") of `what`; `note` follows ("loss 0.123"). Cheap enough to call for every step:
  /// a terminal sees ten updates a second, a file one line in five seconds. A new `what` starts the clock anew.
  void update(const std::string& what, std::int64_t done, std::int64_t total, const std::string& unit,
              const std::string& note = "");
  /// The same as a function for train::load_dataset.
  std::function<void(std::string_view what, std::size_t done, std::size_t total)> loading();
  /// Removes the bar: before a line is written to standard output, and at the end of the work.
  void clear();
  /// A whole line on standard error, quiet or not, with the bar out of its way.
  void message(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  static void print(const ProgressLine& line);
  void draw(const ProgressLine& line);
  void restart(const std::string& what, std::int64_t done);

  const bool quiet_, terminal_;
  bool bar_shown_ = false;
  std::string what_;
  std::int64_t first_ = 0;  // done when the clock started
  Clock::time_point start_ = Clock::now(), last_shown_{};
};

}  // namespace apps
