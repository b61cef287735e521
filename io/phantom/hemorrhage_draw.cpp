// Which bleeds a study has, where, how large and how dense.
#include <algorithm>
#include <array>
#include <cmath>

#include "io/phantom/hemorrhage_shapes.h"
#include "io/phantom/random_streams.h"

namespace io::phantom {
namespace {

constexpr float degrees = 3.14159265F / 180;

/// How often a study bleeds, and how often each kind is among its bleeds (relative to each other).
struct Frequencies {
  float any;
  std::array<float, hemorrhage_kinds> kinds;  // epidural, intraparenchymal, intraventricular, subarachnoid, subdural
};
constexpr Frequencies teaching = {0.75F, {1.15F, 1.25F, 1.05F, 1.0F, 0.85F}};
constexpr Frequencies challenge = {0.265F, {0.11F, 1.62F, 0.62F, 0.59F, 0.66F}};

class Drawing {
 public:
  Drawing(nn::Random random, const Patient& patient) : random_(random), patient_(patient) {}

  std::unique_ptr<const Hemorrhage> draw(HemorrhageKind kind) {
    hard_ = chance(0.16F);
    std::unique_ptr<Hemorrhage> bleed;
    switch (kind) {
      case HemorrhageKind::epidural:
        bleed = epidural();
        break;
      case HemorrhageKind::intraparenchymal:
        bleed = intraparenchymal();
        break;
      case HemorrhageKind::intraventricular:
        bleed = intraventricular();
        break;
      case HemorrhageKind::subarachnoid:
        bleed = subarachnoid();
        break;
      case HemorrhageKind::subdural:
        bleed = subdural();
        break;
    }
    // Fresh clots are dense; old or watery ones hardly more than grey matter.
    bleed->hu = hard_ && chance(0.35F) ? random_.uniform(38, 50) : random_.uniform(52, 74);
    return bleed;
  }

 private:
  bool chance(float probability) { return random_.uniform() < probability; }
  float side() { return chance(0.5F) ? -1.0F : 1.0F; }
  /// A size: from the first range, or from the second where the bleed is to be hard to see.
  float size(float low, float high, float hard_low, float hard_high) {
    return hard_ ? random_.uniform(hard_low, hard_high) : random_.uniform(low, high);
  }
  /// Somewhere over one hemisphere.
  InnerTable convexity(float lowest_elevation, float highest_elevation) {
    const float around = random_.uniform(-62, 58) * degrees,
                up = random_.uniform(lowest_elevation, highest_elevation) * degrees;
    return find_inner_table({side() * std::cos(around) * std::cos(up), std::sin(around) * std::cos(up), std::sin(up)});
  }

  std::unique_ptr<Hemorrhage> epidural() {
    const bool posterior_fossa = chance(0.1F);
    const InnerTable origin = posterior_fossa ? find_inner_table({side() * 0.55F, 0.75F, -0.45F}) : convexity(-15, 48);
    const float thickness = size(8, 20, 5, 8);
    return std::make_unique<EpiduralHematoma>(origin, thickness, std::max(size(34, 60, 24, 36), 1.5F * thickness));
  }

  std::unique_ptr<Hemorrhage> subdural() {
    using Site = SubduralHematoma::Site;
    const float where = random_.uniform();
    const Site site = where < 0.84F ? Site::convexity : where < 0.93F ? Site::falx : Site::tentorium;
    if (site == Site::falx) {
      const InnerTable origin = {{side() * 3, random_.uniform(-45, 50), random_.uniform(82, 98)}, {0, 0, 1}};
      return std::make_unique<SubduralHematoma>(site, origin, size(4, 7, 2.5F, 3.5F),
                                                Point{0, random_.uniform(28, 50), 26}, patient_);
    }
    if (site == Site::tentorium) {
      const InnerTable origin = {{side() * 28, random_.uniform(40, 55), 40}, {0, 0, -1}};
      return std::make_unique<SubduralHematoma>(site, origin, size(4, 8, 2.5F, 3.5F),
                                                Point{0, random_.uniform(28, 40), 30}, patient_);
    }
    const InnerTable origin = convexity(-5, 45);
    const Point reach = {0, random_.uniform(50, 80), random_.uniform(26, 42)};
    return std::make_unique<SubduralHematoma>(site, origin, size(4.5F, 11, 2.8F, 4.5F), reach, patient_);
  }

  std::unique_ptr<Hemorrhage> subarachnoid() {
    const float half_width = size(1.5F, 2.6F, 0.9F, 1.4F);
    if (chance(0.35F)) {
      const Point star = {random_.uniform(-12, 12), random_.uniform(-8, 2), 39};
      return std::make_unique<SubarachnoidHemorrhage>(star, size(26, 42, 14, 24), half_width, true);
    }
    const InnerTable origin = convexity(-12, 60);
    const float radius = size(22, 36, 13, 22);
    return std::make_unique<SubarachnoidHemorrhage>(origin.at - origin.outward * 8, radius, half_width, false);
  }

  std::unique_ptr<Hemorrhage> intraventricular() {
    IntraventricularHemorrhage::Extent extent;
    extent.stretch = size(1.0F, 2.6F, 0.0F, 0.8F);
    const float form = random_.uniform();
    if (form < 0.4F) {  // sunk to the occipital horns
      extent.level_y = size(22, 40, 42, 50);
      extent.stretch *= 0.5F;
      extent.fourth = chance(0.25F);
    } else if (form < 0.75F) {  // a cast of one side
      extent.left = chance(0.5F);
      extent.right = !extent.left;
      extent.third = chance(0.6F);
      extent.fourth = chance(0.35F);
    } else if (form < 0.9F) {  // everywhere
      extent.third = extent.fourth = true;
    } else {  // third and fourth alone
      extent.left = extent.right = false;
      extent.third = extent.fourth = true;
      extent.stretch += 1.5F;
    }
    return std::make_unique<IntraventricularHemorrhage>(extent);
  }

  std::unique_ptr<Hemorrhage> intraparenchymal() {
    const float where = random_.uniform();
    const bool below = where > 0.86F;
    Point centre;
    float largest = 19;
    if (where < 0.4F) {  // hypertensive: basal ganglia, thalamus
      centre = {side() * random_.uniform(14, 29), random_.uniform(-14, 18), random_.uniform(50, 64)};
    } else if (!below) {  // lobar, contusions
      const InnerTable surface = convexity(-12, 55);
      centre = surface.at - surface.outward * random_.uniform(14, 30);
    } else {
      centre = {side() * random_.uniform(8, 28), random_.uniform(38, 58), random_.uniform(8, 26)};
      largest = 15;
    }
    const float radius = size(8, largest, 3.8F, 6.5F);
    const Point radii = {radius * random_.uniform(0.75F, 1.1F), radius * random_.uniform(0.85F, 1.3F),
                         radius * random_.uniform(0.8F, 1.15F)};
    auto bleed =
        std::make_unique<IntraparenchymalHemorrhage>(centre, radii, random_.uniform(0.1F, 0.24F) * radius, below);
    bleed->edema_width = chance(0.8F) ? random_.uniform(2, 8) : 0.0F;
    return bleed;
  }

  nn::Random random_;
  const Patient& patient_;
  bool hard_ = false;
};

/// Number of different kinds of bleed in a study that bleeds.
int draw_kind_count(nn::Random& random) {
  const float u = random.uniform();
  return u < 0.45F ? 1 : u < 0.75F ? 2 : u < 0.93F ? 3 : 4;
}

HemorrhageKind draw_kind(nn::Random& random, const std::array<float, hemorrhage_kinds>& weights) {
  float total = 0;
  for (const float w : weights) total += w;
  float at = random.uniform() * total;
  for (int kind = 0; kind < hemorrhage_kinds; ++kind) {
    at -= weights[static_cast<std::size_t>(kind)];
    if (at < 0) return static_cast<HemorrhageKind>(kind);
  }
  return HemorrhageKind::subdural;
}

}  // namespace

Hemorrhages draw_hemorrhages(std::uint64_t seed, std::uint64_t study, const Patient& patient, Prevalence prevalence) {
  nn::Random random = stream(seed, Stream::sickness, study);
  const Frequencies& frequencies = prevalence == Prevalence::teaching ? teaching : challenge;
  Hemorrhages bleeds;
  if (random.uniform() >= frequencies.any) return bleeds;

  auto weights = frequencies.kinds;
  Drawing drawing(stream(seed, Stream::hemorrhage, study), patient);
  for (int count = draw_kind_count(random); count > 0; --count) {
    const HemorrhageKind kind = draw_kind(random, weights);
    weights[static_cast<std::size_t>(kind)] = 0;
    bleeds.push_back(drawing.draw(kind));
    const bool often_several = kind != HemorrhageKind::intraventricular && kind != HemorrhageKind::epidural;
    if (often_several && random.uniform() < 0.3F) bleeds.push_back(drawing.draw(kind));
  }
  return bleeds;
}

}  // namespace io::phantom
