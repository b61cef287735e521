// What the JPEG decoder complains of while it goes on decoding.
#pragma once

#include <string>

namespace io {

/// Part of prepare_dcmtk(), once, after the log was silenced: the warnings of DCMTK's libjpeg are caught from then on.
void catch_jpeg_warnings();

/// libjpeg paints what it misses grey and calls it a warning ("Corrupt JPEG data: premature end of data segment"), and
/// DCMTK passes the picture on as good. This holds the first warning on this thread between construction and
/// destruction. Do not nest.
class JpegWarnings {
 public:
  JpegWarnings();
  JpegWarnings(const JpegWarnings&) = delete;
  JpegWarnings& operator=(const JpegWarnings&) = delete;
  ~JpegWarnings();

  /// One line, or "" if there was none.
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

}  // namespace io
