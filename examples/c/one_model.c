/* SPDX-License-Identifier: Apache-2.0 */
/* One model, with TensorFlow Lite's C API: a program like those that are there already.
 *
 *     cc one_model.c $(pkg-config --cflags --libs tensorflowlite_c) -lm -o one_model
 *     ./one_model .. */
#include "machine.h"

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "..";
    float *sounds = read_elements(folder, "machines.npy", sizeof(float) * MACHINES * SOUNDS * BANDS);
    const struct machine machine = open_machine(folder, 0);
    printf("machine 0: its own sound is strange by %.2f, that of machine 1 by %.2f\n",
           strangeness(&machine, sounds), strangeness(&machine, sounds + SOUNDS * BANDS));
    close_machine(&machine);
    free(sounds);
    return 0;
}
