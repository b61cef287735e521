// What lies inside the skull, as signed distances in the canonical head (head_shape.h).
#pragma once

#include "io/phantom/patient.h"
#include "io/phantom/point.h"

namespace io::phantom {

/// Lateral ventricles with their horns, third and fourth ventricle.
float ventricles(Point p, const Patient& patient);

/// Fluid spaces that are there in everybody: the suprasellar star, Sylvian fissures with the insula, the cisterns
/// around midbrain and pons. Sulci and the fissure beside the falx are made where they are rendered.
float cisterns(Point p, const Patient& patient);

/// Caudate heads, lentiform nuclei, thalami.
float deep_grey(Point p);

/// Cerebellum, midbrain, pons, medulla and spinal cord.
float hindbrain(Point p);

/// Below the tentorium: posterior fossa and spinal canal.
bool infratentorial(Point p);

/// The tent's height over (x, y), mm: highest at the straight sinus, lowest at the petrous ridges.
float tentorium_height(Point p);

/// How far the tentorium reaches here: positive where it is, negative in its opening and before the petrous ridge.
float tentorium_extent(Point p);

/// How far below the free edge of the falx this point of the midline lies: negative where the falx is.
float falx_edge(Point p);

/// Venous sinuses: superior sagittal, straight, transverse, sigmoid, their confluence. `cavity` is the signed distance
/// of cranial_cavity here.
float venous_sinuses(Point p, float cavity, const Patient& patient);

}  // namespace io::phantom
