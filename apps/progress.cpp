#include "apps/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace apps {
namespace {

constexpr std::chrono::milliseconds bar_interval{100};
constexpr std::chrono::seconds line_interval{5};

std::size_t terminal_width() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string format_rate(double rate) {
  return rate >= 100  ? fmt::format("{:.0f}", rate)
         : rate >= 10 ? fmt::format("{:.1f}", rate)
                      : fmt::format("{:.2f}", rate);
}

}  // namespace

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::restart(const std::string& what, std::int64_t done) {
  what_ = what;
  first_ = done;
  start_ = Clock::now();
  // The first line of a file comes after the interval: short work leaves no lines.
  last_shown_ = terminal_ ? Clock::time_point{} : start_;
}

void Progress::update(const std::string& what, std::int64_t done, std::int64_t total, const std::string& unit,
                      const std::string& note) {
  if (quiet_) return;
  if (what != what_) restart(what, done);
  const Clock::time_point now = Clock::now();
  const auto since = now - last_shown_;
  if (terminal_ ? since < bar_interval && done < total : since < line_interval) return;
  last_shown_ = now;

  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done - first_) / seconds : 0;
  ProgressLine line{.what = what_,
                    .share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1,
                    .counts = fmt::format("{}/{}", done, total),
                    .unit = unit,
                    .rate = {},
                    .left = {},
                    .note = note};
  if (rate > 0) {
    line.rate = format_rate(rate) + "/s";
    line.left = format_duration(static_cast<double>(total - done) / rate) + " left";
  }
  terminal_ ? draw(line) : print(line);
}

std::function<void(std::string_view, std::size_t, std::size_t)> Progress::loading() {
  return [this](std::string_view what, std::size_t done, std::size_t total) {
    update("reading " + std::string(what), static_cast<std::int64_t>(done), static_cast<std::int64_t>(total), "files");
  };
}

void Progress::print(const ProgressLine& line) { std::fprintf(stderr, "%s\n", without_bar(line).c_str()); }

void Progress::draw(const ProgressLine& line) {
  std::fprintf(stderr, "\r\033[K%s", fit(line, terminal_width() - 1).c_str());
  std::fflush(stderr);
  bar_shown_ = true;
}

void Progress::clear() {
  if (!bar_shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  bar_shown_ = false;
}

void Progress::message(const std::string& line) {
  clear();
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace apps
