// Charts as inline SVG in the page's colours. They scale with their column.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/evaluation/metrics.h"

namespace apps {

struct ChartPoint {
  double x = 0, y = 0;
};

/// A polyline; points whose y is not finite interrupt it. A single point is drawn as a dot.
struct ChartLine {
  std::string label;   // written at its end
  std::string colour;  // CSS: "var(--accent)"
  std::vector<ChartPoint> points = {};
  bool dashed = false;
};

struct LineChart {
  std::string description = {};  // for readers who cannot see it
  std::string x_label = "epoch";
  std::vector<ChartLine> lines = {};
  double y_low = 0;                     // the axis begins here or lower
  std::optional<double> y_high = {};    // and ends here or higher
  std::optional<double> marked_x = {};  // a vertical line with a dot on the first line that has a point there
  std::string mark_label = {};
};
std::string line_chart(const LineChart& chart);

/// False against true positive rate, in the unit square with the line of chance.
std::string roc_chart(std::span<const train::RocPoint> curve, const std::string& colour,
                      const std::string& description);

/// Predicted probability against observed share; a dot's area grows with the number of images in its bin.
std::string calibration_chart(std::span<const train::CalibrationBin> bins, const std::string& colour,
                              const std::string& description);

/// Round numbers covering [low, high], about `count` of them: 0, 0.05, 0.1, ...
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace apps
