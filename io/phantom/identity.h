// Identifiers in the challenge's form: ID_ and hexadecimal digits that tell nothing, not even the order of making.
#pragma once

#include <cstdint>
#include <string>

namespace io::phantom {

/// Different numbers below 2^36 give different names, in an order that looks random: ID_0fe31b044.
std::string image_id(std::uint64_t seed, std::uint64_t number);
/// ID_b83a81f1, different for different numbers below 2^32.
std::string patient_id(std::uint64_t seed, std::uint64_t number);
/// ID_092266a085, different for different numbers below 2^40.
std::string study_uid(std::uint64_t seed, std::uint64_t number);
std::string series_uid(std::uint64_t seed, std::uint64_t number);
/// What the meta header calls the file, 9999.<39 digits>: another name than the data set's, as in the challenge.
std::string meta_instance_uid(std::uint64_t seed, std::uint64_t number);

}  // namespace io::phantom
