// SPDX-License-Identifier: Apache-2.0
// A chain of two with TensorFlow Lite's C++ API: features of a digit, and a classifier that reads them. The program hands
// the features on; chain.c in examples/c shows how a link makes one buffer of both.
#include "machine.h"

int main(int argc, char **argv)
{
    const std::string folder = argc > 1 ? argv[1] : "..";
    const std::vector<uint8_t> pixels = ReadElements<uint8_t>(folder + "/digits.npy");
    const std::vector<uint8_t> answers = ReadElements<uint8_t>(folder + "/digits_answers.npy");
    Loaded features(folder + "/models/digits_features.tflite");
    Loaded classifier(folder + "/models/digits_classifier.tflite");
    const size_t size = features.interpreter->input_tensor(0)->bytes;
    int right = 0;
    for (size_t digit = 0; digit < answers.size(); digit++) {
        int8_t *x = features.interpreter->typed_input_tensor<int8_t>(0);
        for (size_t i = 0; i < size; i++)
            x[i] = ToInt8(static_cast<float>(pixels[digit * size + i]) / 16, features.interpreter->input_tensor(0));
        Require(features.interpreter->Invoke() == kTfLiteOk, "running");
        const TfLiteTensor *between = features.interpreter->output_tensor(0);
        std::copy(between->data.int8, between->data.int8 + between->bytes,
                  classifier.interpreter->typed_input_tensor<int8_t>(0));
        Require(classifier.interpreter->Invoke() == kTfLiteOk, "running");
        const TfLiteTensor *scores = classifier.interpreter->output_tensor(0);
        const int8_t *best = std::max_element(scores->data.int8, scores->data.int8 + scores->bytes);
        right += best - scores->data.int8 == answers[digit];
    }
    std::printf("%d of %d digits are right\n", right, static_cast<int>(answers.size()));
    return 0;
}
