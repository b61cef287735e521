// Where a slice lies in the patient, and how its picture is turned upright. Pure functions on numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "io/dicom/slice.h"

namespace io {

double dot(const Vector3& a, const Vector3& b);
Vector3 cross(const Vector3& a, const Vector3& b);

/// ImageOrientationPatient as two unit vectors, or nothing if the six numbers are not perpendicular directions.
std::optional<std::array<Vector3, 2>> unit_directions(const std::array<double, 6>& cosines);

/// Degrees between the slice normal and the head-foot axis, 0 to 90.
double tilt_degrees(const std::array<Vector3, 2>& orientation);

/// The turn after which rows run toward the patient's left and columns toward the back, as nearly as quarter turns and
/// mirrors allow.
Turn upright_turn(const std::array<Vector3, 2>& orientation);

/// Turns the header's geometry: rows, columns, spacing, orientation, position (of the new first pixel), position_mm.
void turn_geometry(SliceHeader& header, const Turn& turn);

/// Turns a picture of rows x columns as stored.
std::vector<std::int16_t> turn_pixels(std::vector<std::int16_t> stored, int rows, int columns, const Turn& turn);

}  // namespace io
