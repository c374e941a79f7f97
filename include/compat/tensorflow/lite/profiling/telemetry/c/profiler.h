/* SPDX-License-Identifier: Apache-2.0 */
/* A profiler that TensorFlow Lite reports to. plait keeps it and never calls it. */
#ifndef TENSORFLOW_LITE_PROFILING_TELEMETRY_C_PROFILER_H_
#define TENSORFLOW_LITE_PROFILING_TELEMETRY_C_PROFILER_H_

#include <stddef.h>
#include <stdint.h>

typedef struct TfLiteTelemetrySettings {
    uint32_t source;
    const void *data;
} TfLiteTelemetrySettings;

typedef struct TfLiteTelemetryProfilerStruct {
    void *data;
    void (*ReportTelemetryEvent)(struct TfLiteTelemetryProfilerStruct *profiler, const char *event_name,
                                 uint64_t status);
    void (*ReportTelemetryOpEvent)(struct TfLiteTelemetryProfilerStruct *profiler, const char *event_name,
                                   int64_t op_idx, int64_t subgraph_idx, uint64_t status);
    void (*ReportSettings)(struct TfLiteTelemetryProfilerStruct *profiler, const char *setting_name,
                           const TfLiteTelemetrySettings *settings);
    uint32_t (*ReportBeginOpInvokeEvent)(struct TfLiteTelemetryProfilerStruct *profiler, const char *op_name,
                                         int64_t op_idx, int64_t subgraph_idx);
    void (*ReportEndOpInvokeEvent)(struct TfLiteTelemetryProfilerStruct *profiler, uint32_t event_handle);
    void (*ReportOpInvokeEvent)(struct TfLiteTelemetryProfilerStruct *profiler, const char *op_name,
                                uint64_t elapsed_time, int64_t op_idx, int64_t subgraph_idx);
} TfLiteTelemetryProfilerStruct;

#endif
