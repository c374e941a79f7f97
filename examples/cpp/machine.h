// SPDX-License-Identifier: Apache-2.0
// A detector for one machine with TensorFlow Lite's C++ API: it draws the sound of its machine again, and the more the
// drawing differs, the stranger the sound is.
#ifndef EXAMPLES_CPP_MACHINE_H
#define EXAMPLES_CPP_MACHINE_H

#include <tensorflow/lite/interpreter.h>
#include <tensorflow/lite/kernels/register.h>
#include <tensorflow/lite/model.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

inline void Require(bool condition, const std::string &what)
{
    if (condition) return;
    std::fprintf(stderr, "%s failed\n", what.c_str());
    std::exit(1);
}

// The elements of a .npy file.
template <typename T> std::vector<T> ReadElements(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    Require(content.size() > 10, "reading " + path);
    const size_t begin = 10 + static_cast<unsigned char>(content[8]) + 256u * static_cast<unsigned char>(content[9]);
    std::vector<T> elements((content.size() - begin) / sizeof(T));
    std::copy(content.begin() + static_cast<std::ptrdiff_t>(begin), content.end(),
              reinterpret_cast<char *>(elements.data()));
    return elements;
}

inline int8_t ToInt8(float value, const TfLiteTensor *tensor)
{
    const float q = std::round(value / tensor->params.scale) + static_cast<float>(tensor->params.zero_point);
    return static_cast<int8_t>(std::min(127.0f, std::max(-128.0f, q)));
}

inline float ToReal(int8_t value, const TfLiteTensor *tensor)
{
    return static_cast<float>(value - tensor->params.zero_point) * tensor->params.scale;
}

// A file, its operators, and an interpreter of it.
struct Loaded {
    explicit Loaded(const std::string &path) : model(tflite::FlatBufferModel::BuildFromFile(path.c_str()))
    {
        Require(model != nullptr, "loading " + path);
        tflite::InterpreterBuilder(*model, resolver)(&interpreter);
        Require(interpreter != nullptr && interpreter->AllocateTensors() == kTfLiteOk, "preparing " + path);
    }

    std::unique_ptr<tflite::FlatBufferModel> model;
    tflite::ops::builtin::BuiltinOpResolver resolver;
    std::unique_ptr<tflite::Interpreter> interpreter;
};

constexpr int kSounds = 10;
constexpr int kBands = 640;

// The first sound of a machine.
inline const float *SoundOf(const std::vector<float> &sounds, int machine)
{
    return sounds.data() + machine * kSounds * kBands;
}

// The mean squared difference between a sound and its drawing.
inline double Strangeness(tflite::Interpreter *interpreter, const float *sound)
{
    int8_t *input = interpreter->typed_input_tensor<int8_t>(0);
    for (int i = 0; i < kBands; i++) input[i] = ToInt8(sound[i], interpreter->input_tensor(0));
    Require(interpreter->Invoke() == kTfLiteOk, "running");
    const int8_t *output = interpreter->typed_output_tensor<int8_t>(0);
    double sum = 0;
    for (int i = 0; i < kBands; i++) {
        const double difference = sound[i] - ToReal(output[i], interpreter->output_tensor(0));
        sum += difference * difference;
    }
    return sum / kBands;
}

#endif
