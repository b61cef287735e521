#include "nn/ops/add.h"

#include "tests/support/register_op_cases.h"

namespace {

using test::Variables;

Variables add(const Variables& in) { return {nn::add(in[0], in[1])}; }
void add_into(const Variables& in, const Variables& out) { nn::add_into(in[0], in[1], out[0]); }

const bool registered = test::register_op_cases(
    "Add", {{.name = "OfPixels",
             .inputs = {{.shape = {2, 3, 5, 7}}, {.shape = {2, 3, 5, 7}}},
             .function = add,
             .into = add_into},
            {.name = "OfOnePixel",
             .inputs = {{.shape = {3, 1, 1, 13}}, {.shape = {3, 1, 1, 13}}},
             .function = add,
             .into = add_into},
            {.name = "ToAConstant",
             .inputs = {{.shape = {2, 3, 5, 7}}, {.shape = {2, 3, 5, 7}, .gradient = false}},
             .function = add},
            {.name = "ToItself", .inputs = {{.shape = {2, 3, 5, 7}}}, .function = [](const Variables& in) -> Variables {
               return {nn::add(in[0], in[0])};
             }}});

}  // namespace
