// Arrays of an HDF5 file, whose sizes are checked before memory is allocated. Used by hdf5.cpp alone.
#pragma once

#include <cstdint>

#include "io/files/hdf5_handle.h"
#include "io/files/safetensors.h"

namespace io {

/// The array of an open dataset, without a name; see Hdf5File::read for types and limits. Throws nn::Error, without the
/// file's name.
StoredTensor read_hdf5_array(Hdf5Id dataset, std::uint64_t most_bytes);

}  // namespace io
