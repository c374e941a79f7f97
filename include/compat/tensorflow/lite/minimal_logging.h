/* SPDX-License-Identifier: Apache-2.0 */
/* TFLITE_LOG() and its like: lines on stderr. */
#ifndef TENSORFLOW_LITE_MINIMAL_LOGGING_H_
#define TENSORFLOW_LITE_MINIMAL_LOGGING_H_

#include <cstdio>

#include "tensorflow/lite/logger.h"

#define TFLITE_LOG_PROD(severity, ...)                                             \
    do {                                                                           \
        if ((severity) >= ::tflite::logging_internal::MinimalLogger::GetMinimumLogSeverity()) { \
            std::fprintf(stderr, "%s: ", ::tflite::logging_internal::MinimalLogger::GetSeverityName(severity)); \
            std::fprintf(stderr, __VA_ARGS__);                                     \
            std::fputc('\n', stderr);                                              \
        }                                                                          \
    } while (false)
#define TFLITE_LOG_PROD_ONCE(severity, ...)                     \
    do {                                                        \
        static const bool plait_logged = [&] {                  \
            TFLITE_LOG_PROD(severity, __VA_ARGS__);             \
            return true;                                        \
        }();                                                    \
        static_cast<void>(plait_logged);                        \
    } while (false)
#ifndef NDEBUG
#define TFLITE_LOG(severity, ...)      TFLITE_LOG_PROD(severity, __VA_ARGS__)
#define TFLITE_LOG_ONCE(severity, ...) TFLITE_LOG_PROD_ONCE(severity, __VA_ARGS__)
#else
#define TFLITE_LOG(severity, ...) static_cast<void>(severity)
#define TFLITE_LOG_ONCE(severity, ...) static_cast<void>(severity)
#endif

#endif
