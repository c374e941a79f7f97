/* SPDX-License-Identifier: Apache-2.0 */
/* SignatureRunner: one entry point of a model, with names. Its interpreter makes it and owns it. */
#ifndef TENSORFLOW_LITE_SIGNATURE_RUNNER_H_
#define TENSORFLOW_LITE_SIGNATURE_RUNNER_H_

#include <string>
#include <vector>

#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_plait.h"
#include "tensorflow/lite/c/common.h"

namespace tflite {

class SignatureRunner {
public:
    ~SignatureRunner() { TfLiteSignatureRunnerDelete(runner_); }
    SignatureRunner(const SignatureRunner &) = delete;
    SignatureRunner &operator=(const SignatureRunner &) = delete;

    const std::string &signature_key() const { return key_; }
    size_t input_size() const { return input_names_.size(); }
    size_t output_size() const { return output_names_.size(); }
    const std::vector<const char *> &input_names() const { return input_names_; }
    const std::vector<const char *> &output_names() const { return output_names_; }
    TfLiteTensor *input_tensor(const char *name) { return TfLiteSignatureRunnerGetInputTensor(runner_, name); }
    const TfLiteTensor *output_tensor(const char *name) const
    {
        return TfLiteSignatureRunnerGetOutputTensor(runner_, name);
    }

    /* Any shape, and dimensions that the file leaves open alone. */
    TfLiteStatus ResizeInputTensor(const char *name, const std::vector<int> &new_size)
    {
        return TfLitePlaitSignatureRunnerResizeInput(runner_, name, new_size.data(),
                                                     static_cast<int32_t>(new_size.size()));
    }
    TfLiteStatus ResizeInputTensorStrict(const char *name, const std::vector<int> &new_size)
    {
        return TfLiteSignatureRunnerResizeInputTensor(runner_, name, new_size.data(),
                                                      static_cast<int32_t>(new_size.size()));
    }
    TfLiteStatus AllocateTensors() { return TfLiteSignatureRunnerAllocateTensors(runner_); }
    TfLiteStatus Invoke() { return TfLiteSignatureRunnerInvoke(runner_); }
    TfLiteStatus Cancel() { return TfLiteSignatureRunnerCancel(runner_); }

private:
    friend class Interpreter;

    explicit SignatureRunner(TfLiteSignatureRunner *runner, const char *key) : runner_(runner), key_(key)
    {
        const auto inputs = static_cast<int32_t>(TfLiteSignatureRunnerGetInputCount(runner));
        const auto outputs = static_cast<int32_t>(TfLiteSignatureRunnerGetOutputCount(runner));
        for (int32_t i = 0; i < inputs; i++) input_names_.push_back(TfLiteSignatureRunnerGetInputName(runner, i));
        for (int32_t i = 0; i < outputs; i++) output_names_.push_back(TfLiteSignatureRunnerGetOutputName(runner, i));
    }

    TfLiteSignatureRunner *runner_;
    std::string key_;
    std::vector<const char *> input_names_;
    std::vector<const char *> output_names_;
};

namespace impl {
using SignatureRunner = ::tflite::SignatureRunner;
} // namespace impl

} // namespace tflite

#endif
