#include "io/dicom/fragments.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>

#include "nn/core/error.h"

namespace io {
namespace {

std::string_view fragment(DcmPixelSequence& fragments, unsigned long index) {
  DcmPixelItem* item = nullptr;
  Uint8* bytes = nullptr;
  NN_CHECK(fragments.getItem(item, index).good() && item->getUint8Array(bytes).good(), "fragment ", index,
           " cannot be read");
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes), item->getLength()};
}

}  // namespace

DcmPixelData* find_pixel_data(const Dataset& dataset) {
  DcmElement* element = nullptr;
  dataset.dcmtk().findAndGetElement(DCM_PixelData, element);
  return dynamic_cast<DcmPixelData*>(element);
}

bool is_encapsulated(const Dataset& dataset) { return DcmXfer(dataset.dcmtk().getOriginalXfer()).isEncapsulated(); }

DcmPixelSequence* find_fragments(const Dataset& dataset, DcmPixelData& pixel_data) {
  DcmPixelSequence* fragments = nullptr;
  const E_TransferSyntax syntax = dataset.dcmtk().getOriginalXfer();
  if (pixel_data.getEncapsulatedRepresentation(syntax, nullptr, fragments).bad()) return nullptr;
  return fragments != nullptr && fragments->card() > 1 ? fragments : nullptr;
}

std::string_view fragment_bytes(const Dataset& dataset, DcmPixelData& pixel_data, std::string& joined) {
  DcmPixelSequence* const fragments = find_fragments(dataset, pixel_data);
  NN_CHECK(fragments != nullptr, "there are no compressed fragments");
  if (fragments->card() == 2) return fragment(*fragments, 1);
  for (unsigned long i = 1; i < fragments->card(); ++i) joined += fragment(*fragments, i);
  return joined;
}

}  // namespace io
