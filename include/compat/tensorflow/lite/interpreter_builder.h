/* SPDX-License-Identifier: Apache-2.0 */
/* InterpreterBuilder: an interpreter of a model, with the operators that a resolver finds. */
#ifndef TENSORFLOW_LITE_INTERPRETER_BUILDER_H_
#define TENSORFLOW_LITE_INTERPRETER_BUILDER_H_

#include <memory>
#include <vector>

#include "tensorflow/lite/core/api/op_resolver.h"
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_options.h"
#include "tensorflow/lite/model_builder.h"

namespace tflite {

class InterpreterBuilder {
public:
    InterpreterBuilder(const FlatBufferModel &model, const OpResolver &op_resolver,
                       const InterpreterOptions *options_experimental = nullptr)
        : InterpreterBuilder(model.GetModel(), op_resolver, model.error_reporter(), options_experimental)
    {
    }

    InterpreterBuilder(const Model *model, const OpResolver &op_resolver,
                       ErrorReporter *error_reporter = DefaultErrorReporter(),
                       const InterpreterOptions *options_experimental = nullptr)
        : model_(reinterpret_cast<const TfLiteModel *>(model)), resolver_(op_resolver),
          reporter_(error_reporter != nullptr ? error_reporter : DefaultErrorReporter())
    {
        if (options_experimental != nullptr) options_ = *options_experimental;
    }

    InterpreterBuilder(const InterpreterBuilder &) = delete;
    InterpreterBuilder &operator=(const InterpreterBuilder &) = delete;

    /* On failure *interpreter is empty, and the reporter says why. */
    TfLiteStatus operator()(std::unique_ptr<Interpreter> *interpreter)
    {
        if (interpreter == nullptr) {
            reporter_->Report("Null output pointer passed to InterpreterBuilder.");
            return kTfLiteError;
        }
        interpreter->reset();
        if (model_ == nullptr) {
            reporter_->Report("Null pointer passed in as model.");
            return kTfLiteError;
        }
        std::unique_ptr<TfLiteInterpreterOptions, void (*)(TfLiteInterpreterOptions *)> options(
            TfLiteInterpreterOptionsCreate(), TfLiteInterpreterOptionsDelete);
        TfLiteInterpreterOptionsSetNumThreads(options.get(), num_threads_);
        TfLiteInterpreterOptionsSetErrorReporter(options.get(), Report, reporter_);
        TfLiteInterpreterOptionsEnableCancellation(options.get(), true);
        TfLiteInterpreterOptionsSetOpResolver(options.get(), FindBuiltin, FindCustom,
                                              const_cast<OpResolver *>(&resolver_));
        TfLitePlaitOptionsSetPreserveAllTensors(options.get(), options_.GetPreserveAllTensors());
        for (TfLiteDelegate *delegate : delegates_) TfLiteInterpreterOptionsAddDelegate(options.get(), delegate);
        TfLiteInterpreter *made = TfLiteInterpreterCreate(model_, options.get());
        if (made == nullptr) return kTfLiteError;
        interpreter->reset(new Interpreter(made, reporter_));
        return kTfLiteOk;
    }

    TfLiteStatus operator()(std::unique_ptr<Interpreter> *interpreter, int num_threads)
    {
        const TfLiteStatus status = SetNumThreads(num_threads);
        if (status != kTfLiteOk) {
            if (interpreter != nullptr) interpreter->reset();
            return status;
        }
        return (*this)(interpreter);
    }

    TfLiteStatus SetNumThreads(int num_threads)
    {
        if (num_threads < -1) {
            reporter_->Report("num_threads should be >= 0 or just -1 to let TFLite runtime set the value.");
            return kTfLiteError;
        }
        num_threads_ = num_threads;
        return kTfLiteOk;
    }

    InterpreterBuilder &PreserveAllTensorsExperimental()
    {
        options_.SetPreserveAllTensors();
        return *this;
    }

    /* As TfLiteInterpreterOptionsAddDelegate(). */
    void AddDelegate(TfLiteDelegate *delegate)
    {
        if (delegate == nullptr) reporter_->Report("Null delegate.");
        else delegates_.push_back(delegate);
    }

private:
    static void Report(void *reporter, const char *format, va_list args)
    {
        static_cast<ErrorReporter *>(reporter)->Report(format, args);
    }
    static const TfLiteRegistration *FindBuiltin(void *resolver, TfLiteBuiltinOperator op, int version)
    {
        return static_cast<const OpResolver *>(resolver)->FindOp(static_cast<BuiltinOperator>(op), version);
    }
    static const TfLiteRegistration *FindCustom(void *resolver, const char *op, int version)
    {
        return static_cast<const OpResolver *>(resolver)->FindOp(op, version);
    }

    const TfLiteModel *model_;
    const OpResolver &resolver_;
    ErrorReporter *reporter_;
    InterpreterOptions options_;
    std::vector<TfLiteDelegate *> delegates_;
    int num_threads_ = -1;
};

namespace impl {
using InterpreterBuilder = ::tflite::InterpreterBuilder;
} // namespace impl

} // namespace tflite

#endif
