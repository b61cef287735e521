#include "io/dicom/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace io {
namespace {

Vector3 scaled(const Vector3& a, double factor) { return {a[0] * factor, a[1] * factor, a[2] * factor}; }
Vector3 sum(const Vector3& a, const Vector3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }

}  // namespace

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

std::optional<std::array<Vector3, 2>> unit_directions(const std::array<double, 6>& cosines) {
  constexpr double tolerance = 0.05;  // writers round to a few digits; anything worse is not a direction
  std::array<Vector3, 2> directions = {Vector3{cosines[0], cosines[1], cosines[2]},
                                       Vector3{cosines[3], cosines[4], cosines[5]}};
  for (Vector3& direction : directions) {
    const double length = std::sqrt(dot(direction, direction));
    if (!(std::abs(length - 1) < tolerance)) return std::nullopt;
    direction = scaled(direction, 1 / length);
  }
  if (std::abs(dot(directions[0], directions[1])) > tolerance) return std::nullopt;
  return directions;
}

double tilt_degrees(const std::array<Vector3, 2>& orientation) {
  const Vector3 normal = cross(orientation[0], orientation[1]);
  const double cosine = std::abs(normal[2]) / std::sqrt(dot(normal, normal));
  return std::acos(std::min(cosine, 1.0)) * 180 / std::numbers::pi;
}

Turn upright_turn(const std::array<Vector3, 2>& orientation) {
  Turn turn;
  turn.transpose = std::abs(orientation[0][0]) < std::abs(orientation[1][0]);
  const Vector3& along_row = orientation[turn.transpose ? 1 : 0];
  const Vector3& down_column = orientation[turn.transpose ? 0 : 1];
  turn.flip_columns = along_row[0] < 0;
  turn.flip_rows = down_column[1] < 0;
  return turn;
}

void turn_geometry(SliceHeader& header, const Turn& turn) {
  header.turn = turn;
  if (turn.transpose) {
    std::swap(header.rows, header.columns);
    if (header.pixel_spacing) std::swap((*header.pixel_spacing)[0], (*header.pixel_spacing)[1]);
  }
  if (!header.orientation) return;
  auto& [along_row, down_column] = *header.orientation;
  if (turn.transpose) std::swap(along_row, down_column);
  const bool can_move = header.position && header.pixel_spacing;
  if (turn.flip_columns) {
    if (can_move) {
      const double width = (header.columns - 1) * (*header.pixel_spacing)[1];
      header.position = sum(*header.position, scaled(along_row, width));
    }
    along_row = scaled(along_row, -1);
  }
  if (turn.flip_rows) {
    if (can_move) {
      const double height = (header.rows - 1) * (*header.pixel_spacing)[0];
      header.position = sum(*header.position, scaled(down_column, height));
    }
    down_column = scaled(down_column, -1);
  }
  // Left times back is up: the normal of an upright picture points to the head.
  if (header.position) {
    const Vector3 normal = cross(along_row, down_column);
    header.position_mm = dot(*header.position, normal) / std::sqrt(dot(normal, normal));
  }
}

std::vector<std::int16_t> turn_pixels(std::vector<std::int16_t> stored, int rows, int columns, const Turn& turn) {
  if (turn == Turn{}) return stored;
  const int turned_rows = turn.transpose ? columns : rows, turned_columns = turn.transpose ? rows : columns;
  std::vector<std::int16_t> turned(stored.size());
  auto to = turned.begin();
  for (int row = 0; row < turned_rows; ++row) {
    const int from_row = turn.flip_rows ? turned_rows - 1 - row : row;
    for (int column = 0; column < turned_columns; ++column, ++to) {
      const int from_column = turn.flip_columns ? turned_columns - 1 - column : column;
      const std::int64_t at = turn.transpose ? static_cast<std::int64_t>(from_column) * columns + from_row
                                             : static_cast<std::int64_t>(from_row) * columns + from_column;
      *to = stored[static_cast<std::size_t>(at)];
    }
  }
  return turned;
}

}  // namespace io
