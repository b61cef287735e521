#include "apps/report/chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/report/html.h"

namespace apps {
namespace {

/// Where the plot lies within its SVG, and the data ranges of its axes.
struct Frame {
  double width, height, left, right, top, bottom;  // pixels; margins
  double x_low, x_high, y_low, y_high;

  double x(double value) const { return left + (value - x_low) / (x_high - x_low) * (width - left - right); }
  double y(double value) const {
    return height - bottom - (value - y_low) / (y_high - y_low) * (height - top - bottom);
  }
};

std::string open_svg(const Frame& frame, const std::string& description) {
  return fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", frame.width, frame.height,
                     escape(description));
}

std::string text(double x, double y, const char* anchor, const std::string& words, const std::string& more = "") {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>)", x, y, anchor, more, words);
}

std::string straight(const char* css_class, double x1, double y1, double x2, double y2) {
  return fmt::format(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", css_class, x1, y1, x2,
                     y2);
}

std::string dot(double x, double y, double radius, const std::string& colour, const std::string& title = "") {
  return fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="{}"><title>{}</title></circle>)", x, y, radius,
                     colour, escape(title));
}

/// As few digits as tell the ticks apart.
std::string tick_label(double value, double step) {
  if (step < 1e-4) return fmt::format("{:.3g}", value);
  const int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  return fmt::format("{:.{}f}", value, digits);
}

double step_of(const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 1; }

std::string y_axis(const Frame& frame, const std::vector<double>& ticks) {
  std::string svg;
  for (const double tick : ticks) {
    const bool is_low = tick == frame.y_low;
    svg +=
        straight(is_low ? "baseline" : "gridline", frame.left, frame.y(tick), frame.width - frame.right, frame.y(tick));
    svg += text(frame.left - 7, frame.y(tick) + 4, "end", tick_label(tick, step_of(ticks)));
  }
  return svg;
}

std::string x_axis(const Frame& frame, const std::vector<double>& ticks, const std::string& label) {
  std::string svg;
  for (const double tick : ticks) {
    svg += text(frame.x(tick), frame.height - frame.bottom + 16, "middle", tick_label(tick, step_of(ticks)));
  }
  const double middle = (frame.left + frame.width - frame.right) / 2;
  return svg + text(middle, frame.height - 2, "middle", label);
}

/// The path through the points, interrupted where y is not finite.
std::string path(const Frame& frame, const std::vector<ChartPoint>& points) {
  std::string commands;
  bool pen_down = false;
  for (const ChartPoint& point : points) {
    if (std::isfinite(point.y)) {
      commands += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', frame.x(point.x), frame.y(point.y));
    }
    pen_down = std::isfinite(point.y);
  }
  return commands;
}

std::string draw(const Frame& frame, const ChartLine& line) {
  const auto finite = [](const ChartPoint& point) { return std::isfinite(point.y); };
  if (std::count_if(line.points.begin(), line.points.end(), finite) == 1) {
    const auto only = std::find_if(line.points.begin(), line.points.end(), finite);
    return dot(frame.x(only->x), frame.y(only->y), 3.5, line.colour, line.label);
  }
  return fmt::format(R"(<path class="line{}" stroke="{}" d="{}"/>)", line.dashed ? " dashed" : "", line.colour,
                     path(frame, line.points));
}

/// The lines' names at their right ends, moved apart where they would overlap.
std::string end_labels(const Frame& frame, const std::vector<ChartLine>& lines) {
  constexpr double spacing = 14;
  struct End {
    const ChartLine* line;
    double x, y;
  };
  std::vector<End> ends;
  for (const ChartLine& line : lines) {
    for (auto point = line.points.rbegin(); point != line.points.rend(); ++point) {
      if (!std::isfinite(point->y)) continue;
      ends.push_back({&line, frame.x(point->x), frame.y(point->y)});
      break;
    }
  }
  std::stable_sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.y < b.y; });
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i].y = std::max(ends[i].y, ends[i - 1].y + spacing);
  // Pushed below the frame: move everything up from the last.
  double lowest = frame.height - frame.bottom;
  for (std::size_t i = ends.size(); i-- > 0;) {
    ends[i].y = std::min(ends[i].y, lowest);
    lowest = ends[i].y - spacing;
  }
  std::string svg;
  for (const End& end : ends) {
    svg += text(end.x + 8, end.y + 4, "start", escape(end.line->label),
                fmt::format(R"( class="end" style="fill:{}")", end.line->colour));
  }
  return svg;
}

std::string mark(const Frame& frame, const LineChart& chart) {
  if (!chart.marked_x) return {};
  std::string svg;
  const double x = frame.x(*chart.marked_x);
  svg += straight("chance", x, frame.top, x, frame.height - frame.bottom);
  const bool left_half = x < (frame.left + frame.width - frame.right) / 2;
  svg += text(x + (left_half ? 5 : -5), frame.top + 9, left_half ? "start" : "end", escape(chart.mark_label));
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& point : line.points) {
      if (point.x != *chart.marked_x || !std::isfinite(point.y) || line.dashed) continue;
      return svg + dot(x, frame.y(point.y), 4, line.colour, fmt::format("{}: {:.4f}", chart.mark_label, point.y));
    }
  }
  return svg;
}

Frame unit_square() { return {300, 292, 46, 8, 8, 38, 0, 1, 0, 1}; }

/// The frame, axes and diagonal that ROC and calibration share.
std::string square_axes(const Frame& frame, const std::string& x_label, const std::string& y_label) {
  const std::vector<double> ticks = {0, 0.25, 0.5, 0.75, 1};
  std::string svg;
  for (const double tick : ticks) {
    const char* css_class = tick == 0 ? "baseline" : "gridline";
    svg += straight(css_class, frame.left, frame.y(tick), frame.x(1), frame.y(tick));
    svg += straight(css_class, frame.x(tick), frame.y(0), frame.x(tick), frame.y(1));
  }
  for (const double tick : {0.0, 0.5, 1.0}) {
    svg += text(frame.left - 6, frame.y(tick) + 4, "end", fmt::format("{:g}", tick));
    svg += text(frame.x(tick), frame.y(0) + 15, "middle", fmt::format("{:g}", tick));
  }
  svg += text(frame.x(0.5), frame.height - 2, "middle", x_label);
  svg += text(0, 0, "middle", y_label,
              fmt::format(R"svg( transform="translate(10 {:.1f}) rotate(-90)")svg", frame.y(0.5)));
  return svg + straight("chance", frame.x(0), frame.y(0), frame.x(1), frame.y(1));
}

/// A path of hundreds of thousands of points draws like one of a few hundred: steps below half a pixel are left out.
std::vector<ChartPoint> visible_points(const Frame& frame, std::span<const train::RocPoint> curve) {
  constexpr double half_pixel = 0.5;
  std::vector<ChartPoint> points;
  for (const train::RocPoint& point : curve) {
    const ChartPoint next = {point.false_positive_rate, point.true_positive_rate};
    const bool is_end = &point == &curve.back();
    if (!points.empty() && !is_end &&
        std::hypot(frame.x(next.x) - frame.x(points.back().x), frame.y(next.y) - frame.y(points.back().y)) <
            half_pixel) {
      continue;
    }
    points.push_back(next);
  }
  return points;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  if (!(high > low)) high = low + 1;
  const double raw = (high - low) / count;
  const double magnitude = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * magnitude;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * magnitude >= raw * (1 - 1e-9)) {
      step = factor * magnitude;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9);
  for (double i = first; ticks.empty() || ticks.back() < high - 1e-9 * step; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string line_chart(const LineChart& chart) {
  double x_low = std::numeric_limits<double>::infinity(), x_high = -x_low;
  double y_low = chart.y_low, y_high = chart.y_high.value_or(-std::numeric_limits<double>::infinity());
  std::size_t longest_label = 0;
  for (const ChartLine& line : chart.lines) {
    longest_label = std::max(longest_label, line.label.size());
    for (const ChartPoint& point : line.points) {
      x_low = std::min(x_low, point.x);
      x_high = std::max(x_high, point.x);
      if (!std::isfinite(point.y)) continue;
      y_low = std::min(y_low, point.y);
      y_high = std::max(y_high, point.y);
    }
  }
  if (!std::isfinite(x_low) || !std::isfinite(y_high)) return "<p class=\"explanation\">No values yet.</p>";
  if (x_low == x_high) x_low -= 0.5, x_high += 0.5;

  const std::vector<double> y_ticks = round_ticks(y_low, y_high, 5);
  std::vector<double> x_ticks;
  for (const double tick : round_ticks(x_low, x_high, std::min(6, static_cast<int>(std::ceil(x_high - x_low))))) {
    if (tick >= x_low && tick <= x_high) x_ticks.push_back(tick);
  }
  const Frame frame = {
      460,           270, 42, 22 + 6.1 * static_cast<double>(longest_label), 12, 36, x_low, x_high, y_ticks.front(),
      y_ticks.back()};
  std::string svg = open_svg(frame, chart.description) + y_axis(frame, y_ticks) + x_axis(frame, x_ticks, chart.x_label);
  for (const ChartLine& line : chart.lines) svg += draw(frame, line);
  return svg + mark(frame, chart) + end_labels(frame, chart.lines) + "</svg>\n";
}

std::string roc_chart(std::span<const train::RocPoint> curve, const std::string& colour,
                      const std::string& description) {
  const Frame frame = unit_square();
  std::string svg = open_svg(frame, description) + square_axes(frame, "false positive rate", "true positive rate");
  if (curve.empty()) {
    svg += text(frame.x(0.5), frame.y(0.5) - 14, "middle", "needs both classes");
  } else {
    svg += draw(frame, {.label = "", .colour = colour, .points = visible_points(frame, curve)});
  }
  return svg + "</svg>\n";
}

std::string calibration_chart(std::span<const train::CalibrationBin> bins, const std::string& colour,
                              const std::string& description) {
  const Frame frame = unit_square();
  std::string svg = open_svg(frame, description) + square_axes(frame, "predicted probability", "observed share");
  std::int64_t largest = 1;
  for (const train::CalibrationBin& bin : bins) largest = std::max(largest, bin.count);
  std::vector<ChartPoint> points;
  for (const train::CalibrationBin& bin : bins) points.push_back({bin.mean_probability, bin.observed_share});
  if (points.size() > 1) svg += draw(frame, {.label = "", .colour = colour, .points = points});
  for (const train::CalibrationBin& bin : bins) {
    const double radius = 2.5 + 5.5 * std::sqrt(static_cast<double>(bin.count) / static_cast<double>(largest));
    svg += dot(frame.x(bin.mean_probability), frame.y(bin.observed_share), radius, colour,
               fmt::format("{:.2f} to {:.2f}: {} images, predicted {:.3f}, observed {:.3f}", bin.lower, bin.upper,
                           bin.count, bin.mean_probability, bin.observed_share));
  }
  return svg + "</svg>\n";
}

}  // namespace apps
