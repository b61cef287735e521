// Patient ids as they appear in files: a keyed hash.
#pragma once

#include <string>
#include <string_view>

namespace train {

/// Used when no --id-key is given. It is public, so its hashes are pseudonyms and no anonymisation: whoever can guess
/// a patient id can check the guess. With a key that is kept secret nobody else can.
inline constexpr std::string_view default_id_key = "falx";

/// HMAC-SHA-256 of the id under the key, the first 8 bytes in hexadecimal: 16 characters, the same in every run.
std::string pseudonym(std::string_view patient_id, std::string_view key = default_id_key);

}  // namespace train
