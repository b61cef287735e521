#include "io/files/hdf5_handle.h"

#include <hdf5.h>

#include <type_traits>

#include "io/files/printable.h"
#include "nn/core/error.h"

namespace io {

static_assert(std::is_same_v<hid_t, Hdf5Id> && std::is_same_v<herr_t, int> && H5I_INVALID_HID == Hdf5Handle::invalid);

std::string last_hdf5_failure() {
  std::string text = "unknown failure";
  const auto keep = [](unsigned /*depth*/, const H5E_error2_t* error, void* data) -> herr_t {
    if (error->desc != nullptr) *static_cast<std::string*>(data) = error->desc;
    return 1;  // the first is the innermost
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep, &text);
  return printable(text);
}

Hdf5Handle checked_hdf5(hid_t id, Hdf5Handle::Close close, const char* what) {
  NN_CHECK(id >= 0, what, " failed: ", last_hdf5_failure());
  return {id, close};
}

}  // namespace io
