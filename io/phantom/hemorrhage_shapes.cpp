#include "io/phantom/hemorrhage_shapes.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "io/phantom/brain_shape.h"
#include "io/phantom/head_shape.h"
#include "io/phantom/shapes.h"

namespace io::phantom {
namespace {

constexpr float outside = 100;  // mm: not here
constexpr Point middle_of_brain = {0, 4, 48};

/// A bleed at the skull pushes the brain toward the other side; bone does not move (head_fields.cpp).
MassEffect push_inward(const InnerTable& origin, float shift, const Patient& patient) {
  const Point inward = origin.outward * -1.0F;
  return {.centre = from_canonical(origin.at + inward * 34, patient), .shift = inward * shift, .radius = 38};
}

}  // namespace

InnerTable find_inner_table(Point direction) {
  const Point ray = normalized(direction);
  float along = 0;
  for (int step = 0; step < 60; ++step) along -= 0.8F * cranial_cavity(middle_of_brain + ray * along);
  const Point at = middle_of_brain + ray * along;
  constexpr float h = 1;
  const Point gradient = {cranial_cavity(at + Point{h, 0, 0}) - cranial_cavity(at - Point{h, 0, 0}),
                          cranial_cavity(at + Point{0, h, 0}) - cranial_cavity(at - Point{0, h, 0}),
                          cranial_cavity(at + Point{0, 0, h}) - cranial_cavity(at - Point{0, 0, h})};
  return {at, normalized(gradient)};
}

EpiduralHematoma::EpiduralHematoma(InnerTable origin, float thickness, float width)
    : origin_(origin), thickness_(thickness), width_(width) {
  // A cap of height t over a chord w belongs to a ball of radius (w^2 / 4 + t^2) / (2 t).
  ball_radius_ = (width * width / 4 + thickness * thickness) / (2 * thickness);
  ball_ = origin.at + origin.outward * (ball_radius_ - thickness);
  middle = origin.at;
  bounding_radius = 0.75F * width + thickness;
}

float EpiduralHematoma::distance(const Place& place, const NoiseTile& noise) const {
  const Point p = place.fields.canonical();
  const float smooth = sphere(p, ball_, ball_radius_);
  return smooth > 3 ? smooth : smooth + 0.6F * noise.at(p * 0.3F);
}

std::string EpiduralHematoma::describe() const {
  return fmt::format("lens {:.0f} mm thick and {:.0f} mm wide", thickness_, width_);
}

std::optional<MassEffect> EpiduralHematoma::mass_effect(const Patient& patient) const {
  return push_inward(origin_, 0.4F * thickness_, patient);
}

SubduralHematoma::SubduralHematoma(Site site, InnerTable origin, float thickness, Point reach, const Patient& patient)
    : site_(site),
      origin_(origin),
      thickness_(thickness),
      reach_(reach),
      side_(origin.at.x < 0 ? -1.0F : 1.0F),
      falx_(patient.falx_half_thickness),
      tentorium_(patient.tentorium_half_thickness) {
  middle = origin.at;
  bounding_radius = 1.35F * std::max(reach.y, reach.z);
}

float SubduralHematoma::distance(const Place& place, const NoiseTile& noise) const {
  const Point p = place.fields.canonical();
  if (place.below_tentorium || place.matter == Matter::dura || p.x * side_ < falx_) return outside;
  const float u = (p.y - origin_.at.y) / reach_.y, v = (p.z - origin_.at.z) / reach_.z;
  const float rest = 1 - u * u - v * v;
  float layer = outside;  // how far this place is from what the blood lies on
  switch (site_) {
    case Site::convexity:
      if (place.matter == Matter::blood_vessel || p.z < 14 || p.x * side_ < 4) return outside;
      layer = place.depth();
      break;
    case Site::falx:
      if (falx_edge(p) > -1) return outside;
      layer = std::abs(p.x) - falx_;
      break;
    case Site::tentorium:
      if (tentorium_extent(p) < 0) return outside;
      layer = 0.8F * (p.z - tentorium_height(p)) - tentorium_;
      break;
  }
  if (rest <= 0) return outside;
  return layer - thickness_ * std::sqrt(rest) * (1 + 0.12F * noise.at(p * 0.12F));
}

std::string SubduralHematoma::describe() const {
  const char* where = site_ == Site::convexity ? "over the convexity"
                      : site_ == Site::falx    ? "along the falx"
                                               : "on the tentorium";
  return fmt::format("layer {:.0f} mm thick {}", thickness_, where);
}

std::optional<MassEffect> SubduralHematoma::mass_effect(const Patient& patient) const {
  if (site_ != Site::convexity) return {};
  return push_inward(origin_, 0.5F * thickness_, patient);
}

SubarachnoidHemorrhage::SubarachnoidHemorrhage(Point centre, float radius, float half_width, bool basal)
    : radius_(radius), half_width_(half_width), basal_(basal) {
  middle = centre;
  bounding_radius = 1.3F * radius;
}

float SubarachnoidHemorrhage::distance(const Place& place, const NoiseTile& noise) const {
  const Fields& f = place.fields;
  const bool may_hold_blood = place.matter == Matter::fluid || place.matter == Matter::brain;
  if (!may_hold_blood) return outside;
  const Point p = f.canonical();
  const float around = sphere(p, middle, radius_) + 0.12F * radius_ * noise.at(p * 0.12F);
  float space = place.matter == Matter::fluid ? -0.1F : outside;
  if (basal_) {
    space = std::min(space, f.cistern - 0.6F * half_width_);
  } else if (!place.below_tentorium && place.depth() < f.sulcus_depth) {
    const float narrowing = 1 - 0.6F * place.depth() / f.sulcus_depth;
    space = std::min(space, std::abs(f.sulcus) - half_width_ * narrowing);
  }
  return std::max(around, space);
}

std::string SubarachnoidHemorrhage::describe() const {
  return fmt::format("{} within {:.0f} mm", basal_ ? "basal cisterns" : "sulci", radius_);
}

IntraventricularHemorrhage::IntraventricularHemorrhage(const Extent& extent) : extent_(extent) {
  middle = {0, 15, 50};
  bounding_radius = 75;
}

float IntraventricularHemorrhage::distance(const Place& place, const NoiseTile& noise) const {
  const Fields& f = place.fields;
  if (place.matter == Matter::dura || place.matter == Matter::fluid || f.ventricle > extent_.stretch) return outside;
  const bool fourth = f.z < 33 && f.y > 24 && std::abs(f.x) < 14;
  const bool third = !fourth && std::abs(f.x) < 5.5F && f.z < 64.5F && f.y < 22;
  if (fourth) return extent_.fourth ? f.ventricle - extent_.stretch : outside;
  if (third) return extent_.third ? f.ventricle - 0.6F * extent_.stretch : outside;
  const bool this_side = f.x > 0 ? extent_.left : extent_.right;
  if (!this_side || f.y < extent_.level_y) return outside;
  return f.ventricle - extent_.stretch + 0.3F * noise.at(f.canonical() * 0.4F);
}

std::string IntraventricularHemorrhage::describe() const {
  std::string where = extent_.left && extent_.right ? "both lateral"
                      : extent_.left                ? "left lateral"
                      : extent_.right               ? "right lateral"
                                                    : "";
  if (extent_.third) where += where.empty() ? "third" : ", third";
  if (extent_.fourth) where += where.empty() ? "fourth" : ", fourth";
  return where + (extent_.level_y > -100 ? ", sunk to a level" : ", cast");
}

IntraparenchymalHemorrhage::IntraparenchymalHemorrhage(Point centre, Point radii, float raggedness,
                                                       bool below_tentorium)
    : radii_(radii), raggedness_(raggedness), below_tentorium_(below_tentorium) {
  middle = centre;
  bounding_radius = 1.4F * std::max({radii.x, radii.y, radii.z}) + 12;
}

float IntraparenchymalHemorrhage::distance(const Place& place, const NoiseTile& noise) const {
  if (place.matter == Matter::dura || place.below_tentorium != below_tentorium_ || place.depth() < 1.5F) return outside;
  const Point p = place.fields.canonical();
  const float smooth = ellipsoid(p, middle, radii_);
  if (smooth > 4 * raggedness_ + edema_width) return smooth;
  return smooth + raggedness_ * (noise.at(p * 0.22F) + 0.4F * noise.at(p * 0.6F));
}

std::string IntraparenchymalHemorrhage::describe() const {
  return fmt::format("blob of {:.0f} x {:.0f} x {:.0f} mm", 2 * radii_.x, 2 * radii_.y, 2 * radii_.z);
}

std::optional<MassEffect> IntraparenchymalHemorrhage::mass_effect(const Patient& patient) const {
  if (below_tentorium_ || radii_.x < 9) return {};
  const float toward_midline = middle.x > 0 ? -1.0F : 1.0F;
  const Point between = {0.35F * middle.x, middle.y, middle.z};
  return MassEffect{from_canonical(between, patient), {toward_midline * 0.25F * radii_.x, 0, 0}, 30};
}

}  // namespace io::phantom
