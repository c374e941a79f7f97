/* SPDX-License-Identifier: Apache-2.0 */
/* How much TFLITE_LOG() says. */
#ifndef TENSORFLOW_LITE_LOGGER_H_
#define TENSORFLOW_LITE_LOGGER_H_

namespace tflite {

enum LogSeverity {
    TFLITE_LOG_VERBOSE = 0,
    TFLITE_LOG_INFO = 1,
    TFLITE_LOG_WARNING = 2,
    TFLITE_LOG_ERROR = 3,
    TFLITE_LOG_SILENT = 4
};

namespace logging_internal {

class MinimalLogger {
public:
    static LogSeverity GetMinimumLogSeverity() { return Minimum(); }
    /* Returns what it was. */
    static LogSeverity SetMinimumLogSeverity(LogSeverity severity)
    {
        const LogSeverity before = Minimum();
        Minimum() = severity;
        return before;
    }
    static const char *GetSeverityName(LogSeverity severity)
    {
        switch (severity) {
        case TFLITE_LOG_VERBOSE: return "VERBOSE";
        case TFLITE_LOG_INFO: return "INFO";
        case TFLITE_LOG_WARNING: return "WARNING";
        case TFLITE_LOG_ERROR: return "ERROR";
        case TFLITE_LOG_SILENT: return "SILENT";
        }
        return "<Unknown severity>";
    }

private:
    static LogSeverity &Minimum()
    {
        static LogSeverity minimum = TFLITE_LOG_INFO;
        return minimum;
    }
};

} // namespace logging_internal
} // namespace tflite

#endif
