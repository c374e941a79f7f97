/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a number per model that depends on every bit of its answers to --count random inputs: equal for every level of
 * kernels, compiler and processor (scripts/entries.sh compares). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario.h"

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 3);
    for (int k = 0; k < arguments.path_count; k++) {
        struct plait_model *model = NULL;
        struct plait_interpreter *interpreter = scenario_open_with(NULL, arguments.paths[k], &model);
        const char *file = strrchr(arguments.paths[k], '/');
        printf("%s", file == NULL ? arguments.paths[k] : file + 1);
        for (int i = 0; i < arguments.count; i++)
            printf(" %016" PRIx64, scenario_answer(interpreter, model, arguments.seed + (uint64_t)i));
        printf("\n");
        plait_close(interpreter);
    }
    return 0;
}
