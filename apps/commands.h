// Every subcommand of falx, each in the file of its name.
#pragma once

#include "apps/command.h"

namespace apps {

void add_synth(CLI::App& program, Selected& selected);
void add_train(CLI::App& program, Selected& selected);
void add_predict(CLI::App& program, Selected& selected);
void add_ensemble(CLI::App& program, Selected& selected);
void add_evaluate(CLI::App& program, Selected& selected);
void add_convert(CLI::App& program, Selected& selected);
void add_classify(CLI::App& program, Selected& selected);
void add_info(CLI::App& program, Selected& selected);
void add_bench(CLI::App& program, Selected& selected);

}  // namespace apps
