/* SPDX-License-Identifier: Apache-2.0 */
/* ErrorReporter: where messages go. A program derives its own from it. */
#ifndef TENSORFLOW_LITE_CORE_API_ERROR_REPORTER_H_
#define TENSORFLOW_LITE_CORE_API_ERROR_REPORTER_H_

#include <cstdarg>

namespace tflite {

class ErrorReporter {
public:
    virtual ~ErrorReporter() = default;
    virtual int Report(const char *format, va_list args) = 0;

    int Report(const char *format, ...)
    {
        va_list args;
        va_start(args, format);
        const int code = Report(format, args);
        va_end(args);
        return code;
    }

    int ReportError(void *, const char *format, ...)
    {
        va_list args;
        va_start(args, format);
        const int code = Report(format, args);
        va_end(args);
        return code;
    }
};

} // namespace tflite

#ifndef TF_LITE_STRIP_ERROR_STRINGS
#define TF_LITE_REPORT_ERROR(reporter, ...)                                    \
    do {                                                                       \
        static_cast<::tflite::ErrorReporter *>(reporter)->Report(__VA_ARGS__); \
    } while (false)
#else
#define TF_LITE_REPORT_ERROR(reporter, ...) \
    do {                                    \
        static_cast<void>(reporter);        \
    } while (false)
#endif

#endif
