// Skin, skull and what the base of the skull holds, as signed distances in the canonical head.
//
// The canonical head, in millimetres: x to the left, y to the back, z up; the origin lies in the midline between the
// ear canals, the plane z = 0 is the orbitomeatal plane of axial head CT. Inside of the skull: 134 wide, 170 long, its
// top at z = 112, the foramen magnum at z = -14.
#pragma once

#include "io/phantom/patient.h"
#include "io/phantom/point.h"

namespace io::phantom {

/// The egg whose surface is the inner table of the vault; continues below as if there were no base.
float vault(Point p);

/// The space inside the skull: vault, middle fossae, posterior fossa and spinal canal.
float cranial_cavity(Point p);

/// Thickness of the vault's bone here, mm: thick at forehead and occiput, thin at the temples.
float bone_thickness(Point p, const Patient& patient);

/// The outside of head, face and neck.
float skin(Point p, const Patient& patient);

/// Bone of base and face: petrous pyramids, mastoids, sphenoid, clivus, orbital rims, cheek bones, jaw joints.
float base_bone(Point p);

/// Air inside the head: sphenoid, frontal, ethmoid and maxillary sinuses, ear canals, nose and throat.
float air_spaces(Point p, const Patient& patient);

/// The fat-filled cone of the orbit. Eyeball, lens and optic nerve are found inside it by orbit_content.
float orbit(Point p);

enum class OrbitContent { fat, vitreous, lens, wall_or_muscle };
OrbitContent orbit_content(Point p);

}  // namespace io::phantom
