// How --help looks: 80 columns, each description wrapped beside its option, the choices of an option in braces.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace apps {

/// For CLI::App::formatter(), before subcommands are added: they inherit it.
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace apps
