/* SPDX-License-Identifier: Apache-2.0 */
/* The reporter that writes to stderr: the default. */
#ifndef TENSORFLOW_LITE_STDERR_REPORTER_H_
#define TENSORFLOW_LITE_STDERR_REPORTER_H_

#include <cstdio>

#include "tensorflow/lite/core/api/error_reporter.h"

namespace tflite {

struct StderrReporter : public ErrorReporter {
    using ErrorReporter::Report;
    int Report(const char *format, va_list args) override
    {
        std::fputs("ERROR: ", stderr);
        const int written = std::vfprintf(stderr, format, args);
        std::fputs("\n", stderr);
        return written;
    }
};

inline ErrorReporter *DefaultErrorReporter()
{
    static StderrReporter reporter;
    return &reporter;
}

} // namespace tflite

#endif
