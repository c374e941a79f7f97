// SPDX-License-Identifier: Apache-2.0
// Two independent models, each in an interpreter of its own with its own resolver, with TensorFlow Lite's C++ API. Without
// being asked they share one arena, constants that are equal, and threads.
#include "machine.h"

int main(int argc, char **argv)
{
    const std::string folder = argc > 1 ? argv[1] : "..";
    const std::vector<float> sounds = ReadElements<float>(folder + "/machines.npy");
    Loaded first(folder + "/models/anomaly_0.tflite");
    Loaded second(folder + "/models/anomaly_1.tflite");
    int listener = 0;
    for (Loaded *machine : {&first, &second}) {
        for (int heard = 0; heard < 2; heard++)
            std::printf("detector %d, machine %d: %.2f\n", listener, heard,
                        Strangeness(machine->interpreter.get(), SoundOf(sounds, heard)));
        listener++;
    }
    return 0;
}
