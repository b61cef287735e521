// Points and directions in millimetres: x to the patient's left, y to the back, z to the head (DICOM's patient axes).
#pragma once

#include <cmath>

namespace io::phantom {

struct Point {
  float x = 0, y = 0, z = 0;
};

inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Point operator*(Point a, float s) { return {a.x * s, a.y * s, a.z * s}; }
/// Per coordinate.
inline Point operator*(Point a, Point b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline Point operator/(Point a, Point b) { return {a.x / b.x, a.y / b.y, a.z / b.z}; }

inline float dot(Point a, Point b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline float length(Point a) { return std::sqrt(dot(a, a)); }
inline Point normalized(Point a) { return a * (1.0F / length(a)); }
/// The same point on the right side of the body; most of the anatomy is mirrored.
inline Point mirrored(Point a) { return {std::abs(a.x), a.y, a.z}; }

}  // namespace io::phantom
