// The one place where DCMTK is set up: silenced, its decoders registered, its dictionary checked.
#pragma once

namespace io {

/// Call before anything of DCMTK is used, here or in a writer; from any thread, any number of times. DCMTK's own
/// messages go nowhere from then on. Throws nn::Error if DCMTK's data dictionary is not installed.
void prepare_dcmtk();

}  // namespace io
