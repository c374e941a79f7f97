// SPDX-License-Identifier: Apache-2.0
// One model, with TensorFlow Lite's C++ API: a program like those that are there already.
//
//     c++ -std=c++17 one_model.cc $(pkg-config --cflags --libs tensorflowlite_c) -o one_model
//     ./one_model ..
#include "machine.h"

int main(int argc, char **argv)
{
    const std::string folder = argc > 1 ? argv[1] : "..";
    const std::vector<float> sounds = ReadElements<float>(folder + "/machines.npy");
    Loaded machine(folder + "/models/anomaly_0.tflite");
    std::printf("machine 0: its own sound is strange by %.2f, that of machine 1 by %.2f\n",
                Strangeness(machine.interpreter.get(), SoundOf(sounds, 0)),
                Strangeness(machine.interpreter.get(), SoundOf(sounds, 1)));
    return 0;
}
