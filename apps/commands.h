// Every subcommand of falx, each in the file of its name.
#pragma once

#include "apps/command.h"

namespace apps {}  // namespace apps
