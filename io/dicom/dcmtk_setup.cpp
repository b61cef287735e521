#include "io/dicom/dcmtk_setup.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcvr.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include "io/dicom/jpeg_warnings.h"
#include "nn/core/error.h"

namespace io {
namespace {

bool set_up() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  catch_jpeg_warnings();
  // Elements of unknown VR that the dictionary knows are read as what they are.
  dcmEnableUnknownVRConversion.set(OFTrue);
  DcmRLEDecoderRegistration::registerCodecs();
  DJDecoderRegistration::registerCodecs();
  DJLSDecoderRegistration::registerCodecs();
  return dcmDataDict.isDictionaryLoaded();
}

}  // namespace

void prepare_dcmtk() {
  static const bool has_dictionary = set_up();  // once, whichever thread comes first
  NN_CHECK(has_dictionary,
           "DCMTK's data dictionary was not found: install DCMTK's library package (libdcmtk17 on Debian 12) or set "
           "DCMDICTPATH to its dicom.dic");
}

}  // namespace io
