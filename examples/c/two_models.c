/* SPDX-License-Identifier: Apache-2.0 */
/* Two independent models, each in an interpreter of its own, with TensorFlow Lite's C API. Without being asked they share
 * one arena, constants that are equal, and threads. */
#include "machine.h"

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "..";
    float *sounds = read_elements(folder, "machines.npy", sizeof(float) * MACHINES * SOUNDS * BANDS);
    const struct machine machines[2] = {open_machine(folder, 0), open_machine(folder, 1)};
    for (int listener = 0; listener < 2; listener++)
        for (int machine = 0; machine < 2; machine++)
            printf("detector %d, machine %d: %.2f\n", listener, machine,
                   strangeness(&machines[listener], sounds + machine * SOUNDS * BANDS));
    for (int listener = 0; listener < 2; listener++) close_machine(&machines[listener]);
    free(sounds);
    return 0;
}
