// SPDX-License-Identifier: Apache-2.0
// A picture's labels, as the many programs after TensorFlow Lite's label_image do it: options, a BMP file resized by hand
// to the model's input, any of three input types, the best labels in order.
//
//     classify_picture -m MODEL -i PICTURE.bmp -l LABELS.txt [-t THREADS] [-r RESULTS] [-c COUNT] [-v]
#include <getopt.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/model.h"
#include "tensorflow/lite/optional_debug_tools.h"
#include "tensorflow/lite/string_util.h"

namespace classify {

struct Settings {
    tflite::FlatBufferModel *model = nullptr;
    std::string model_name = "./model.tflite";
    std::string input_name = "./picture.bmp";
    std::string labels_name = "./labels.txt";
    int number_of_threads = 4;
    int number_of_results = 3;
    int loop_count = 1;
    bool verbose = false;
};

struct Picture {
    int width = 0, height = 0, channels = 0;
    std::vector<uint8_t> bytes;
};

int32_t Word(const std::vector<uint8_t> &file, size_t at)
{
    return static_cast<int32_t>(file[at] | file[at + 1] << 8 | file[at + 2] << 16 | file[at + 3] << 24);
}

Picture ReadBmp(const std::string &name)
{
    std::ifstream stream(name, std::ios::binary);
    const std::vector<uint8_t> file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (file.size() < 54) {
        std::cerr << "cannot read " << name << "\n";
        std::exit(1);
    }
    Picture picture;
    const size_t begin = static_cast<size_t>(Word(file, 10));
    picture.width = Word(file, 18);
    picture.height = Word(file, 22);
    picture.channels = (file[28] | file[29] << 8) / 8;
    const size_t row = static_cast<size_t>((picture.width * picture.channels + 3) / 4 * 4);
    for (int y = picture.height - 1; y >= 0; y--)
        for (int x = 0; x < picture.width; x++)
            for (int c = picture.channels - 1; c >= 0; c--)
                picture.bytes.push_back(file[begin + static_cast<size_t>(y) * row + static_cast<size_t>(x * picture.channels + c)]);
    return picture;
}

// Nearest pixel, first channels.
template <class T>
void Resize(T *out, const Picture &in, int height, int width, int channels, const std::function<T(uint8_t)> &value)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++) {
                const int from = (y * in.height / height * in.width + x * in.width / width) * in.channels + c;
                *out++ = value(in.bytes[static_cast<size_t>(from)]);
            }
}

template <class T>
void BestOf(const T *values, size_t count, size_t most, float threshold, const std::function<float(T)> &real,
            std::vector<std::pair<float, int>> *best)
{
    std::priority_queue<std::pair<float, int>, std::vector<std::pair<float, int>>, std::greater<std::pair<float, int>>> queue;
    for (size_t i = 0; i < count; i++) {
        const float value = real(values[i]);
        if (value < threshold) continue;
        queue.push(std::make_pair(value, static_cast<int>(i)));
        if (queue.size() > most) queue.pop();
    }
    for (; !queue.empty(); queue.pop()) best->push_back(queue.top());
    std::reverse(best->begin(), best->end());
}

TfLiteStatus ReadLabels(const std::string &name, std::vector<std::string> *labels)
{
    std::ifstream file(name);
    if (!file) return kTfLiteError;
    std::string line;
    while (std::getline(file, line)) labels->push_back(line);
    return kTfLiteOk;
}

double Milliseconds(const timeval &start, const timeval &stop)
{
    return static_cast<double>(stop.tv_sec - start.tv_sec) * 1000 + static_cast<double>(stop.tv_usec - start.tv_usec) / 1000;
}

void Fill(tflite::Interpreter *interpreter, int input, const Picture &picture)
{
    TfLiteIntArray *dims = interpreter->tensor(input)->dims;
    const int height = dims->data[1], width = dims->data[2], channels = dims->data[3];
    const TfLiteQuantizationParams params = interpreter->tensor(input)->params;
    switch (interpreter->tensor(input)->type) {
    case kTfLiteFloat32:
        Resize<float>(interpreter->typed_tensor<float>(input), picture, height, width, channels,
                      [](uint8_t byte) { return static_cast<float>(byte) / 255.0f; });
        break;
    case kTfLiteInt8:
        Resize<int8_t>(interpreter->typed_tensor<int8_t>(input), picture, height, width, channels, [&](uint8_t byte) {
            const float value = static_cast<float>(byte) / 255.0f / params.scale + static_cast<float>(params.zero_point);
            return static_cast<int8_t>(std::max(-128.0f, std::min(127.0f, value)));
        });
        break;
    case kTfLiteUInt8:
        Resize<uint8_t>(interpreter->typed_tensor<uint8_t>(input), picture, height, width, channels,
                        [](uint8_t byte) { return byte; });
        break;
    default:
        std::cerr << "cannot handle input type " << TfLiteTypeGetName(interpreter->tensor(input)->type) << " yet\n";
        std::exit(1);
    }
}

void Run(Settings *settings)
{
    std::unique_ptr<tflite::FlatBufferModel> model = tflite::FlatBufferModel::BuildFromFile(settings->model_name.c_str());
    if (!model) {
        std::cerr << "Failed to mmap model " << settings->model_name << "\n";
        std::exit(1);
    }
    settings->model = model.get();
    model->error_reporter();
    tflite::ops::builtin::BuiltinOpResolver resolver;
    std::unique_ptr<tflite::Interpreter> interpreter;
    tflite::InterpreterBuilder(*model, resolver)(&interpreter);
    if (!interpreter) {
        std::cerr << "Failed to construct interpreter\n";
        std::exit(1);
    }
    if (settings->verbose) {
        std::cerr << "tensors size: " << interpreter->tensors_size() << "\nnodes size: " << interpreter->nodes_size()
                  << "\ninputs: " << interpreter->inputs().size() << "\ninput(0) name: " << interpreter->GetInputName(0) << "\n";
        const size_t count = interpreter->tensors_size();
        for (size_t i = 0; i < count; i++)
            if (interpreter->tensor(static_cast<int>(i))->name)
                std::cerr << i << ": " << interpreter->tensor(static_cast<int>(i))->name << ", "
                          << interpreter->tensor(static_cast<int>(i))->bytes << ", "
                          << interpreter->tensor(static_cast<int>(i))->type << ", "
                          << interpreter->tensor(static_cast<int>(i))->params.scale << ", "
                          << interpreter->tensor(static_cast<int>(i))->params.zero_point << "\n";
        for (const int node : interpreter->execution_plan()) {
            const std::pair<TfLiteNode, TfLiteRegistration> *found = interpreter->node_and_registration(node);
            std::cerr << "node " << node << ": " << tflite::EnumNameBuiltinOperator(
                static_cast<tflite::BuiltinOperator>(found->second.builtin_code)) << ", " << found->first.inputs->size << " inputs\n";
        }
    }
    if (settings->number_of_threads != -1) interpreter->SetNumThreads(settings->number_of_threads);
    const Picture picture = ReadBmp(settings->input_name);
    const int input = interpreter->inputs()[0];
    const std::vector<int> inputs = interpreter->inputs();
    const std::vector<int> outputs = interpreter->outputs();
    if (interpreter->AllocateTensors() != kTfLiteOk) {
        std::cerr << "Failed to allocate tensors!\n";
        std::exit(1);
    }
    if (settings->verbose) tflite::PrintInterpreterState(interpreter.get());
    Fill(interpreter.get(), input, picture);
    timeval start, stop;
    gettimeofday(&start, nullptr);
    for (int i = 0; i < settings->loop_count; i++)
        if (interpreter->Invoke() != kTfLiteOk) {
            std::cerr << "Failed to invoke tflite!\n";
            std::exit(1);
        }
    gettimeofday(&stop, nullptr);
    std::cerr << "average time: " << Milliseconds(start, stop) / settings->loop_count << " ms\n";

    std::vector<std::pair<float, int>> best;
    const int output = interpreter->outputs()[0];
    const TfLiteTensor *scores = interpreter->tensor(output);
    const size_t size = static_cast<size_t>(scores->dims->data[scores->dims->size - 1]);
    const size_t most = static_cast<size_t>(settings->number_of_results);
    const auto zero = scores->params.zero_point;
    const float scale = scores->params.scale;
    switch (scores->type) {
    case kTfLiteFloat32:
        BestOf<float>(interpreter->typed_output_tensor<float>(0), size, most, 0.001f, [](float value) { return value; }, &best);
        break;
    case kTfLiteInt8:
        BestOf<int8_t>(interpreter->typed_output_tensor<int8_t>(0), size, most, 0.001f,
                       [&](int8_t value) { return static_cast<float>(value - zero) * scale; }, &best);
        break;
    case kTfLiteUInt8:
        BestOf<uint8_t>(interpreter->typed_output_tensor<uint8_t>(0), size, most, 0.001f,
                        [&](uint8_t value) { return static_cast<float>(value - zero) * scale; }, &best);
        break;
    default:
        std::cerr << "cannot handle output type " << scores->type << " yet\n";
        std::exit(1);
    }
    std::vector<std::string> labels;
    if (ReadLabels(settings->labels_name, &labels) != kTfLiteOk) std::exit(1);
    for (const auto &result : best)
        std::cout << result.first << ": " << result.second << " " << labels[static_cast<size_t>(result.second)] << "\n";
}

} // namespace classify

int main(int argc, char **argv)
{
    classify::Settings settings;
    static const option long_options[] = {{"tflite_model", required_argument, nullptr, 'm'},
                                          {"image", required_argument, nullptr, 'i'},
                                          {"labels", required_argument, nullptr, 'l'},
                                          {"threads", required_argument, nullptr, 't'},
                                          {"num_results", required_argument, nullptr, 'r'},
                                          {"count", required_argument, nullptr, 'c'},
                                          {"verbose", no_argument, nullptr, 'v'},
                                          {nullptr, 0, nullptr, 0}};
    for (int c = 0; (c = getopt_long(argc, argv, "m:i:l:t:r:c:v", long_options, nullptr)) != -1;) {
        switch (c) {
        case 'm': settings.model_name = optarg; break;
        case 'i': settings.input_name = optarg; break;
        case 'l': settings.labels_name = optarg; break;
        case 't': settings.number_of_threads = static_cast<int>(std::strtol(optarg, nullptr, 10)); break;
        case 'r': settings.number_of_results = static_cast<int>(std::strtol(optarg, nullptr, 10)); break;
        case 'c': settings.loop_count = static_cast<int>(std::strtol(optarg, nullptr, 10)); break;
        case 'v': settings.verbose = true; break;
        default: return 1;
        }
    }
    classify::Run(&settings);
    return 0;
}
