/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_ERROR_REPORTER_H_
#define TENSORFLOW_LITE_ERROR_REPORTER_H_

#include "tensorflow/lite/core/api/error_reporter.h" // IWYU pragma: export
#include "tensorflow/lite/stderr_reporter.h" // IWYU pragma: export

#endif
