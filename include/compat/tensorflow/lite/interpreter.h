/* SPDX-License-Identifier: Apache-2.0 */
/* Interpreter: a model that runs. InterpreterBuilder makes it. Tensors are the structs of c/common.h. All interpreters of
 * a process share one arena, each constant once and one pool of threads; several may run at once, each in one thread. */
#ifndef TENSORFLOW_LITE_INTERPRETER_H_
#define TENSORFLOW_LITE_INTERPRETER_H_

#include <complex>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"
#include "tensorflow/lite/c/c_api_plait.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/plait_nodes.h"
#include "tensorflow/lite/signature_runner.h"
#include "tensorflow/lite/stderr_reporter.h"

namespace tflite {

/* The TfLiteType of a C++ type. */
template <typename T> constexpr TfLiteType typeToTfLiteType() { return kTfLiteNoType; }
#define PLAIT_TFLITE_TYPE(type, value) \
    template <> constexpr TfLiteType typeToTfLiteType<type>() { return value; }
PLAIT_TFLITE_TYPE(float, kTfLiteFloat32)
PLAIT_TFLITE_TYPE(double, kTfLiteFloat64)
PLAIT_TFLITE_TYPE(bool, kTfLiteBool)
PLAIT_TFLITE_TYPE(int8_t, kTfLiteInt8)
PLAIT_TFLITE_TYPE(int16_t, kTfLiteInt16)
PLAIT_TFLITE_TYPE(int32_t, kTfLiteInt32)
PLAIT_TFLITE_TYPE(int64_t, kTfLiteInt64)
PLAIT_TFLITE_TYPE(uint8_t, kTfLiteUInt8)
PLAIT_TFLITE_TYPE(uint16_t, kTfLiteUInt16)
PLAIT_TFLITE_TYPE(uint32_t, kTfLiteUInt32)
PLAIT_TFLITE_TYPE(uint64_t, kTfLiteUInt64)
PLAIT_TFLITE_TYPE(std::complex<float>, kTfLiteComplex64)
PLAIT_TFLITE_TYPE(std::complex<double>, kTfLiteComplex128)
PLAIT_TFLITE_TYPE(TfLiteFloat16, kTfLiteFloat16)
PLAIT_TFLITE_TYPE(TfLiteBFloat16, kTfLiteBFloat16)
PLAIT_TFLITE_TYPE(std::string, kTfLiteString)
#undef PLAIT_TFLITE_TYPE

class Interpreter {
public:
    ~Interpreter()
    {
        runners_.clear();
        TfLiteInterpreterDelete(interpreter_);
    }
    Interpreter(const Interpreter &) = delete;
    Interpreter &operator=(const Interpreter &) = delete;

    /* ---- run */
    TfLiteStatus AllocateTensors() { return TfLiteInterpreterAllocateTensors(interpreter_); }
    TfLiteStatus Invoke() { return TfLiteInterpreterInvoke(interpreter_); }
    /* The default of -1 is 1, as 0 is. */
    TfLiteStatus SetNumThreads(int num_threads)
    {
        if (num_threads < -1) {
            error_reporter_->Report("num_threads should be >=0 or just -1 to let TFLite runtime set the value.");
            return kTfLiteError;
        }
        return TfLitePlaitInterpreterSetNumThreads(interpreter_, num_threads);
    }
    TfLiteStatus ResetVariableTensors() { return TfLiteInterpreterResetVariableTensors(interpreter_); }
    TfLiteStatus EnableCancellation()
    {
        cancellation_ = true;
        return kTfLiteOk;
    }
    /* Asked before every operator; true stops the run, which gives kTfLiteError. Not while something runs. */
    void SetCancellationFunction(void *data, bool (*check_cancelled_func)(void *))
    {
        TfLitePlaitInterpreterSetCancellationFunction(interpreter_, data, check_cancelled_func);
    }
    TfLiteStatus Cancel() { return cancellation_ ? TfLiteInterpreterCancel(interpreter_) : kTfLiteError; }

    /* ---- tensors, by their numbers in the model */
    const std::vector<int> &inputs() const { return inputs_; }
    const std::vector<int> &outputs() const { return outputs_; }
    const std::vector<int> &variables() const { return variables_; }
    const char *GetInputName(int index) const { return NameOf(inputs_[static_cast<size_t>(index)]); }
    const char *GetOutputName(int index) const { return NameOf(outputs_[static_cast<size_t>(index)]); }
    size_t tensors_size() const { return static_cast<size_t>(TfLitePlaitInterpreterTensorCount(interpreter_, 0)); }
    size_t nodes_size() const { return static_cast<size_t>(TfLitePlaitInterpreterNodeCount(interpreter_, 0)); }
    size_t subgraphs_size() const { return static_cast<size_t>(TfLitePlaitInterpreterSubgraphCount(interpreter_)); }

    TfLiteTensor *tensor(int tensor_index) { return TfLiteInterpreterGetTensor(interpreter_, tensor_index); }
    const TfLiteTensor *tensor(int tensor_index) const
    {
        return TfLiteInterpreterGetTensor(interpreter_, tensor_index);
    }
    TfLiteTensor *input_tensor(size_t index) { return tensor(inputs_[index]); }
    const TfLiteTensor *input_tensor(size_t index) const { return tensor(inputs_[index]); }
    TfLiteTensor *output_tensor(size_t index) { return tensor(outputs_[index]); }
    const TfLiteTensor *output_tensor(size_t index) const { return tensor(outputs_[index]); }

    /* NULL if the tensor has another type, or no data yet. */
    template <class T> T *typed_tensor(int tensor_index) { return DataOf<T>(tensor(tensor_index)); }
    template <class T> const T *typed_tensor(int tensor_index) const
    {
        return DataOf<T>(const_cast<TfLiteTensor *>(tensor(tensor_index)));
    }
    template <class T> T *typed_input_tensor(int index) { return typed_tensor<T>(inputs_[static_cast<size_t>(index)]); }
    template <class T> const T *typed_input_tensor(int index) const
    {
        return typed_tensor<T>(inputs_[static_cast<size_t>(index)]);
    }
    template <class T> T *typed_output_tensor(int index)
    {
        return typed_tensor<T>(outputs_[static_cast<size_t>(index)]);
    }
    template <class T> const T *typed_output_tensor(int index) const
    {
        return typed_tensor<T>(outputs_[static_cast<size_t>(index)]);
    }

    TfLiteStatus ResizeInputTensor(int tensor_index, const std::vector<int> &dims)
    {
        const int position = InputPosition(tensor_index);
        if (position < 0) {
            error_reporter_->Report("tensor %d is no input and cannot be resized", tensor_index);
            return kTfLiteError;
        }
        return TfLiteInterpreterResizeInputTensor(interpreter_, position, dims.data(),
                                                  static_cast<int32_t>(dims.size()));
    }

    /* Changes only what the file leaves open. */
    TfLiteStatus ResizeInputTensorStrict(int tensor_index, const std::vector<int> &dims)
    {
        const TfLiteTensor *resized = tensor(tensor_index);
        const TfLiteIntArray *allowed = resized == nullptr ? nullptr : TfLiteTensorGetDimsSignature(resized);
        bool fits = allowed != nullptr && resized->dims->size == static_cast<int>(dims.size());
        for (size_t i = 0; fits && i < dims.size(); i++)
            fits = allowed->data[i] == -1 || allowed->data[i] == dims[i];
        if (fits) return ResizeInputTensor(tensor_index, dims);
        error_reporter_->Report("tensor %d: only dimensions that the file leaves open (-1) can be resized", tensor_index);
        return kTfLiteError;
    }

    TfLiteStatus SetCustomAllocationForTensor(int tensor_index, const TfLiteCustomAllocation &allocation,
                                              int64_t flags = kTfLiteCustomAllocationFlagsNone)
    {
        return TfLiteInterpreterSetCustomAllocationForTensor(interpreter_, tensor_index, &allocation, flags);
    }
    TfLiteStatus EnsureTensorDataIsReadable(int tensor_index)
    {
        return TfLiteInterpreterEnsureTensorDataIsReadable(interpreter_, tensor_index);
    }

    /* ---- signatures */
    std::vector<const std::string *> signature_keys() const
    {
        std::vector<const std::string *> keys;
        for (const std::string &key : keys_) keys.push_back(&key);
        return keys;
    }

    /* Ends with the interpreter; NULL if there is none. NULL asks for the only one. */
    SignatureRunner *GetSignatureRunner(const char *signature_key)
    {
        if (signature_key == nullptr) {
            if (keys_.size() != 1) return nullptr;
            signature_key = keys_[0].c_str();
        }
        const auto found = runners_.find(signature_key);
        if (found != runners_.end()) return found->second.get();
        TfLiteSignatureRunner *runner = TfLiteInterpreterGetSignatureRunner(interpreter_, signature_key);
        if (runner == nullptr) return nullptr;
        std::unique_ptr<SignatureRunner> made(new SignatureRunner(runner, signature_key));
        return (runners_[signature_key] = std::move(made)).get();
    }

    int GetSubgraphIndexFromSignature(const char *signature_key)
    {
        SignatureRunner *runner = GetSignatureRunner(signature_key);
        return runner == nullptr ? -1 : TfLitePlaitSignatureRunnerSubgraph(runner->runner_);
    }

    /* Names and tensors; empty if there is no such signature. */
    const std::map<std::string, uint32_t> &signature_inputs(const char *signature_key)
    {
        return Names(signature_key, false);
    }
    const std::map<std::string, uint32_t> &signature_outputs(const char *signature_key)
    {
        return Names(signature_key, true);
    }
    TfLiteTensor *input_tensor_by_signature(const char *signature_input_name, const char *signature_key)
    {
        SignatureRunner *runner = GetSignatureRunner(signature_key);
        return runner == nullptr ? nullptr : runner->input_tensor(signature_input_name);
    }
    const TfLiteTensor *output_tensor_by_signature(const char *signature_output_name, const char *signature_key)
    {
        SignatureRunner *runner = GetSignatureRunner(signature_key);
        return runner == nullptr ? nullptr : runner->output_tensor(signature_output_name);
    }

    /* ---- operators */
    const std::vector<int> &execution_plan() const
    {
        if (plan_.empty())
            for (size_t i = 0; i < nodes_size(); i++) plan_.push_back(static_cast<int>(i));
        return plan_;
    }
    std::string OpName(int node_index) const
    {
        TfLitePlaitNode node;
        if (TfLitePlaitInterpreterNode(interpreter_, 0, node_index, &node) != kTfLiteOk) return "";
        return node.name;
    }

    /* What the model says of it; NULL if there is none. Its callbacks and data are the library's own. */
    const std::pair<TfLiteNode, TfLiteRegistration> *node_and_registration(int node_index) const
    {
        return nodes_.At(interpreter_, node_index);
    }

    /* ---- delegates: XNNPACK's is accepted and changes nothing, others are refused. */
    using TfLiteDelegatePtr = std::unique_ptr<TfLiteDelegate, void (*)(TfLiteDelegate *)>;
    TfLiteStatus ModifyGraphWithDelegate(TfLiteDelegate *delegate)
    {
        return TfLiteInterpreterModifyGraphWithDelegate(interpreter_, delegate);
    }
    template <typename Delegate, typename Deleter>
    TfLiteStatus ModifyGraphWithDelegate(std::unique_ptr<Delegate, Deleter> delegate)
    {
        const TfLiteStatus status = ModifyGraphWithDelegate(delegate.get());
        if (status == kTfLiteOk)
            delegates_.emplace_back(delegate.release(), [deleter = delegate.get_deleter()](void *owned) mutable {
                deleter(static_cast<Delegate *>(owned));
            });
        return status;
    }

    /* ---- what needs nothing here */
    TfLiteStatus ReleaseNonPersistentMemory() { return kTfLiteOk; }
    void SetAllowFp16PrecisionForFp32(bool allow) { allow_fp16_ = allow; }
    bool GetAllowFp16PrecisionForFp32() const { return allow_fp16_; }
    void SetAllowBufferHandleOutput(bool allow) { TfLiteSetAllowBufferHandleOutput(interpreter_, allow); }

    ErrorReporter *error_reporter() const { return error_reporter_; }
    /* The same interpreter for functions of the C API. */
    TfLiteInterpreter *c_interpreter() const { return interpreter_; }

private:
    friend class InterpreterBuilder;

    Interpreter(TfLiteInterpreter *interpreter, ErrorReporter *reporter)
        : interpreter_(interpreter), error_reporter_(reporter)
    {
        const int32_t inputs = TfLiteInterpreterGetInputTensorCount(interpreter);
        const int32_t outputs = TfLiteInterpreterGetOutputTensorCount(interpreter);
        for (int32_t i = 0; i < inputs; i++) inputs_.push_back(TfLiteInterpreterGetInputTensorIndex(interpreter, i));
        for (int32_t i = 0; i < outputs; i++) outputs_.push_back(TfLiteInterpreterGetOutputTensorIndex(interpreter, i));
        for (size_t i = 0; TfLiteInterpreterGetVariableTensorCount(interpreter) > 0 && i < tensors_size(); i++)
            if (tensor(static_cast<int>(i))->is_variable) variables_.push_back(static_cast<int>(i));
        for (int32_t i = 0; i < TfLiteInterpreterGetSignatureCount(interpreter); i++)
            keys_.emplace_back(TfLiteInterpreterGetSignatureKey(interpreter, i));
    }

    const char *NameOf(int tensor_index) const
    {
        const TfLiteTensor *named = tensor(tensor_index);
        return named == nullptr ? nullptr : named->name;
    }

    template <class T> static T *DataOf(TfLiteTensor *of)
    {
        if (of == nullptr || of->type != typeToTfLiteType<T>()) return nullptr;
        return static_cast<T *>(of->data.data);
    }

    int InputPosition(int tensor_index) const
    {
        for (size_t i = 0; i < inputs_.size(); i++)
            if (inputs_[i] == tensor_index) return static_cast<int>(i);
        return -1;
    }

    const std::map<std::string, uint32_t> &Names(const char *signature_key, bool output)
    {
        SignatureRunner *runner = GetSignatureRunner(signature_key);
        std::map<std::string, uint32_t> &names = names_[std::make_pair(runner, output)];
        if (runner == nullptr || !names.empty()) return names;
        const std::vector<const char *> &of = output ? runner->output_names() : runner->input_names();
        for (size_t i = 0; i < of.size(); i++)
            names[of[i]] = static_cast<uint32_t>(
                TfLitePlaitSignatureRunnerTensorIndex(runner->runner_, output, static_cast<int32_t>(i)));
        return names;
    }

    /* What an interpreter's delegates are kept in: any type, any deleter. */
    struct OwnedDelegate {
        template <typename Free> OwnedDelegate(void *owned, Free free) : holder(owned, free) {}
        std::shared_ptr<void> holder;
    };

    std::vector<OwnedDelegate> delegates_; /* ends after the interpreter */
    TfLiteInterpreter *interpreter_;
    ErrorReporter *error_reporter_;
    std::vector<int> inputs_;
    std::vector<int> outputs_;
    std::vector<int> variables_;
    std::vector<std::string> keys_;
    mutable std::vector<int> plan_;
    mutable PlaitNodes nodes_;
    std::map<std::string, std::unique_ptr<SignatureRunner>> runners_;
    std::map<std::pair<SignatureRunner *, bool>, std::map<std::string, uint32_t>> names_;
    bool cancellation_ = false;
    bool allow_fp16_ = false;
};

namespace impl {
using Interpreter = ::tflite::Interpreter;
} // namespace impl

} // namespace tflite

#endif
