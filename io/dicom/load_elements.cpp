#include "io/dicom/load_elements.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcistrmf.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstdint>

#include "io/dicom/reason.h"
#include "io/rejected_file.h"

namespace io {
namespace {

/// Values longer than this stay on disk until they are asked for.
constexpr Uint32 longest_loaded_value = 4096;

/// DCMTK's parser calls itself for every sequence within a sequence (DICOM PS3.5 7.5): 10,000 of them, 200 kB, exhaust
/// a stack of 8 MiB. Real files nest fewer than ten; this is enough for more than a hundred.
constexpr std::uintptr_t most_stack = 256 * 1024;

/// Where the stack of this thread stands.
[[gnu::noinline]] std::uintptr_t stack_address() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

/// A file that seems to end where the parser has gone too deep. The parser asks here before each element, however it is
/// encoded (VR explicit or implicit, length defined or not, deflated): its use of the stack is the one measure for all.
class BoundedFileStream : public DcmInputFileStream {
 public:
  explicit BoundedFileStream(const OFFilename& path) : DcmInputFileStream(path), start_(stack_address()) {}

  bool is_too_deep() const { return too_deep_; }

  OFBool good() const override { return !too_deep_ && DcmInputFileStream::good(); }
  OFCondition status() const override { return too_deep_ ? EC_StreamNotifyClient : DcmInputFileStream::status(); }
  OFBool eos() override { return look_at_stack() || DcmInputFileStream::eos(); }
  offile_off_t avail() override { return look_at_stack() ? 0 : DcmInputFileStream::avail(); }
  offile_off_t read(void* buffer, offile_off_t length) override {
    return look_at_stack() ? 0 : DcmInputFileStream::read(buffer, length);
  }
  offile_off_t skip(offile_off_t length) override { return look_at_stack() ? 0 : DcmInputFileStream::skip(length); }

 private:
  /// Once too deep, for good: every level above must end as well.
  bool look_at_stack() {
    const std::uintptr_t here = stack_address();
    if (std::max(here, start_) - std::min(here, start_) > most_stack) too_deep_ = true;
    return too_deep_;
  }

  std::uintptr_t start_;
  bool too_deep_ = false;
};

}  // namespace

std::string load_elements(DcmFileFormat& file, const std::string& path) {
  BoundedFileStream stream(OFFilename(path.c_str()));
  OFCondition loaded = stream.status();
  if (loaded.good()) {
    file.transferInit();
    loaded = file.read(stream, EXS_Unknown, EGL_noChange, longest_loaded_value);
    file.transferEnd();
  }
  if (stream.is_too_deep()) {
    throw FileRejected({path, RejectedFile::Kind::rejected, reject::unreadable,
                        "the header cannot be read: more than a hundred sequences are nested in each other"});
  }
  if (loaded.good()) return "";
  return loaded == EC_StreamNotifyClient ? "the file ends too early" : loaded.text();
}

}  // namespace io
