// The five kinds of bleeding inside the skull: where each belongs, how it is shaped, how dense it is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/phantom/head_fields.h"
#include "io/phantom/noise_tile.h"
#include "io/phantom/patient.h"
#include "io/phantom/tissue.h"

namespace io::phantom {

/// In the order of io::label_names, without `any`.
enum class HemorrhageKind { epidural, intraparenchymal, intraventricular, subarachnoid, subdural };
inline constexpr int hemorrhage_kinds = 5;

/// One bleed. Lengths in canonical mm.
class Hemorrhage {
 public:
  virtual ~Hemorrhage() = default;
  Hemorrhage(const Hemorrhage&) = delete;
  Hemorrhage& operator=(const Hemorrhage&) = delete;

  virtual HemorrhageKind kind() const = 0;
  /// About the distance to the bleed at a place inside the skull; negative where blood is.
  virtual float distance(const Place& place, const NoiseTile& noise) const = 0;
  /// Its extent in words and numbers, for truth/.
  virtual std::string describe() const = 0;
  /// Tissue pushed aside, in patient mm.
  virtual std::optional<MassEffect> mass_effect(const Patient&) const { return {}; }
  /// HU at this place inside the bleed; clots are not quite even.
  float hu_at(const Place& place) const { return hu + 2.5F * place.fields.texture; }

  float hu = 65;          // 35 to 80
  float edema_width = 0;  // mm of darker brain around it
  Point middle;           // a sphere around it: where a sample needs to ask at all
  float bounding_radius = 200;

 protected:
  Hemorrhage() = default;
};

using Hemorrhages = std::vector<std::unique_ptr<const Hemorrhage>>;

/// How often bleeds occur: in most patients, to learn from, or as rarely as in the challenge.
enum class Prevalence { teaching, challenge };

/// The bleeds of study number `study`; none for many.
Hemorrhages draw_hemorrhages(std::uint64_t seed, std::uint64_t study, const Patient& patient, Prevalence prevalence);

}  // namespace io::phantom
