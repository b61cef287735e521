// Signed distances to simple shapes, in millimetres, negative inside; organs are put together from them.
// Ellipsoids are exact on the surface and good to a few per cent near it, which is all that blending needs.
#pragma once

#include <algorithm>
#include <cmath>

#include "io/phantom/point.h"

namespace io::phantom {

inline float sphere(Point p, Point centre, float radius) { return length(p - centre) - radius; }

/// First-order distance k (k - 1) / |grad|, where k = |p / radii| is 1 on the surface.
inline float ellipsoid(Point p, Point centre, Point radii) {
  const Point u = (p - centre) / radii;
  const float k = length(u);
  const float gradient = length(u / radii);
  if (gradient < 1e-6F) return -std::min({radii.x, radii.y, radii.z});
  return k * (k - 1.0F) / gradient;
}

/// As ellipsoid, with |x|^power + |y|^power + |z|^power = 1 on the surface: rounder than a box above power 2.
inline float box_ellipsoid(Point p, Point centre, Point radii, float power) {
  const Point u = (p - centre) / radii;
  const Point lower = {std::pow(std::abs(u.x), power - 1), std::pow(std::abs(u.y), power - 1),
                       std::pow(std::abs(u.z), power - 1)};
  const float sum = lower.x * std::abs(u.x) + lower.y * std::abs(u.y) + lower.z * std::abs(u.z);
  if (sum < 1e-6F) return -std::min({radii.x, radii.y, radii.z});
  const float k = std::pow(sum, 1 / power);
  const float gradient = length(lower / radii) * k / sum;
  return (k - 1.0F) / gradient;
}

/// A line segment from a to b, thickened.
inline float capsule(Point p, Point a, Point b, float radius) {
  const Point along = b - a, from = p - a;
  const float t = std::clamp(dot(from, along) / dot(along, along), 0.0F, 1.0F);
  return length(from - along * t) - radius;
}

/// A capsule whose radius goes evenly from radius_a to radius_b.
inline float tapered_capsule(Point p, Point a, Point b, float radius_a, float radius_b) {
  const Point along = b - a, from = p - a;
  const float t = std::clamp(dot(from, along) / dot(along, along), 0.0F, 1.0F);
  return length(from - along * t) - (radius_a + (radius_b - radius_a) * t);
}

/// Union with a fillet of about `blend` millimetres (polynomial smooth minimum).
inline float smooth_union(float a, float b, float blend) {
  const float h = std::max(blend - std::abs(a - b), 0.0F) / blend;
  return std::min(a, b) - h * h * blend * 0.25F;
}
inline float smooth_intersection(float a, float b, float blend) { return -smooth_union(-a, -b, blend); }

/// 0 below `low`, 1 above `high`, smooth between.
inline float smooth_step(float low, float high, float value) {
  const float t = std::clamp((value - low) / (high - low), 0.0F, 1.0F);
  return t * t * (3.0F - 2.0F * t);
}
inline float mix(float a, float b, float t) { return a + (b - a) * t; }

}  // namespace io::phantom
