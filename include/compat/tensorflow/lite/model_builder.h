/* SPDX-License-Identifier: Apache-2.0 */
/* FlatBufferModel: a loaded file. It is checked in any case, whichever function loads it. */
#ifndef TENSORFLOW_LITE_MODEL_BUILDER_H_
#define TENSORFLOW_LITE_MODEL_BUILDER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tensorflow/lite/allocation.h"
#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_plait.h"
#include "tensorflow/lite/stderr_reporter.h"

namespace tflite {

/* The content of a model, to be handed on. */
class Model;

/* A further check of a program's own. */
class TfLiteVerifier {
public:
    virtual ~TfLiteVerifier() = default;
    virtual bool Verify(const char *data, int length, ErrorReporter *reporter) = 0;
};

class FlatBufferModel {
public:
    /* NULL if the file is no valid model; the reporter says why. */
    static std::unique_ptr<FlatBufferModel> BuildFromFile(const char *filename,
                                                          ErrorReporter *error_reporter = DefaultErrorReporter())
    {
        ErrorReporter *reporter = Checked(error_reporter);
        return Wrap(TfLiteModelCreateFromFileWithErrorReporter(filename, Report, reporter), reporter);
    }

    static std::unique_ptr<FlatBufferModel> VerifyAndBuildFromFile(
        const char *filename, TfLiteVerifier *extra_verifier = nullptr,
        ErrorReporter *error_reporter = DefaultErrorReporter())
    {
        if (extra_verifier == nullptr) return BuildFromFile(filename, error_reporter);
        return VerifyAndBuildFromAllocation(
            std::unique_ptr<Allocation>(new FileCopyAllocation(filename, Checked(error_reporter))), extra_verifier,
            error_reporter);
    }

    static std::unique_ptr<FlatBufferModel> BuildFromAllocation(std::unique_ptr<Allocation> allocation,
                                                                ErrorReporter *error_reporter = DefaultErrorReporter())
    {
        if (allocation == nullptr || !allocation->valid()) return nullptr;
        std::unique_ptr<FlatBufferModel> made =
            BuildFromBuffer(static_cast<const char *>(allocation->base()), allocation->bytes(), error_reporter);
        if (made != nullptr) made->allocation_ = std::move(allocation);
        return made;
    }

    static std::unique_ptr<FlatBufferModel> VerifyAndBuildFromAllocation(
        std::unique_ptr<Allocation> allocation, TfLiteVerifier *extra_verifier = nullptr,
        ErrorReporter *error_reporter = DefaultErrorReporter())
    {
        if (allocation == nullptr || !allocation->valid()) return nullptr;
        if (extra_verifier != nullptr &&
            !extra_verifier->Verify(static_cast<const char *>(allocation->base()), static_cast<int>(allocation->bytes()),
                                    Checked(error_reporter)))
            return nullptr;
        return BuildFromAllocation(std::move(allocation), error_reporter);
    }

    /* The bytes stay the caller's, and outlive the model and its interpreters. */
    static std::unique_ptr<FlatBufferModel> BuildFromBuffer(const char *caller_owned_buffer, size_t buffer_size,
                                                            ErrorReporter *error_reporter = DefaultErrorReporter())
    {
        ErrorReporter *reporter = Checked(error_reporter);
        return Wrap(TfLiteModelCreateWithErrorReporter(caller_owned_buffer, buffer_size, Report, reporter), reporter);
    }

    static std::unique_ptr<FlatBufferModel> VerifyAndBuildFromBuffer(
        const char *caller_owned_buffer, size_t buffer_size, TfLiteVerifier *extra_verifier = nullptr,
        ErrorReporter *error_reporter = DefaultErrorReporter())
    {
        if (extra_verifier != nullptr && !extra_verifier->Verify(caller_owned_buffer, static_cast<int>(buffer_size),
                                                                 Checked(error_reporter)))
            return nullptr;
        return BuildFromBuffer(caller_owned_buffer, buffer_size, error_reporter);
    }

    ~FlatBufferModel() { TfLiteModelDelete(model_); }
    FlatBufferModel(const FlatBufferModel &) = delete;
    FlatBufferModel &operator=(const FlatBufferModel &) = delete;

    bool initialized() const { return model_ != nullptr; }
    ErrorReporter *error_reporter() const { return error_reporter_; }
    const Allocation *allocation() const { return allocation_.get(); }
    const Model *GetModel() const { return reinterpret_cast<const Model *>(model_); }
    std::string description() const { return TfLitePlaitModelDescription(model_); }
    bool CheckModelIdentifier() const { return initialized(); }

    /* What the file says beside the model: by name, where neither is empty. */
    std::map<std::string, std::string> ReadAllMetadata() const
    {
        std::map<std::string, std::string> found;
        const void *data = nullptr;
        size_t bytes = 0;
        for (int32_t i = 0; const char *name = TfLitePlaitModelMetadata(model_, i, &data, &bytes); i++)
            if (bytes > 0) found[name] = std::string(static_cast<const char *>(data), bytes);
        return found;
    }

    /* The least version of TensorFlow Lite that runs the model, as far as its converter knew; "" if it says nothing. */
    std::string GetMinimumRuntime() const
    {
        const std::map<std::string, std::string> all = ReadAllMetadata();
        const auto found = all.find("min_runtime_version");
        if (found == all.end()) return "";
        const size_t length = found->second.find('\0'); /* its bytes are filled up with them */
        if (length != std::string::npos) return found->second.substr(0, length);
        error_reporter_->Report("Min_runtime_version in model metadata is malformed");
        return "";
    }

private:
    FlatBufferModel(TfLiteModel *model, ErrorReporter *reporter) : model_(model), error_reporter_(reporter) {}

    static ErrorReporter *Checked(ErrorReporter *reporter)
    {
        return reporter != nullptr ? reporter : DefaultErrorReporter();
    }

    static void Report(void *reporter, const char *format, va_list args)
    {
        static_cast<ErrorReporter *>(reporter)->Report(format, args);
    }

    static std::unique_ptr<FlatBufferModel> Wrap(TfLiteModel *model, ErrorReporter *reporter)
    {
        if (model == nullptr) return nullptr;
        return std::unique_ptr<FlatBufferModel>(new FlatBufferModel(model, reporter));
    }

    TfLiteModel *model_;
    ErrorReporter *error_reporter_;
    std::unique_ptr<Allocation> allocation_; /* whose bytes the model is of; mostly none */
};

namespace impl {
using FlatBufferModel = ::tflite::FlatBufferModel;
} // namespace impl

} // namespace tflite

#endif
