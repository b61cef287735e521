#include "train/data/pseudonym.h"

#include "io/files/sha256.h"

namespace train {

std::string pseudonym(std::string_view patient_id, std::string_view key) {
  return io::to_hex(io::hmac_sha256(key, patient_id)).substr(0, 16);
}

}  // namespace train
