/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and error messages. A function that can fail returns pl_status and fills the caller's struct pl_error;
 * nothing here allocates, prints or exits. */
#ifndef PL_BASE_STATUS_H
#define PL_BASE_STATUS_H

typedef enum pl_status {
#define PL_STATUS(name, value, text) PL_##name = (value),
#include "base/status.def"
#undef PL_STATUS
    PL_LATE = -1 /* never leaves the library: an operator's shapes depend on data, see pl_prepare_read() */
} pl_status;

enum { PL_ERROR_TEXT_BYTES = 1024 };

/* Says what, where and what to do. The caller owns it; it is written only on failure. */
struct pl_error {
    pl_status status;
    char text[PL_ERROR_TEXT_BYTES];
};

/* Short fixed text of a status, never NULL. */
const char *pl_status_text(pl_status status);

/* Writes the message (error may be NULL) and returns status, so that `return pl_fail(...)` reads well. */
pl_status pl_fail(struct pl_error *error, pl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message of an error that is already there, as it passes up through a caller that knows
 * more of the place. Returns error->status. */
pl_status pl_fail_at(struct pl_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends to the message; what does not fit is cut and ends in "...". */
void pl_error_append(struct pl_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The only two macros that hide a return. */
#define PL_TRY(call)                        \
    do {                                    \
        const pl_status pl_try_ = (call);   \
        if (pl_try_ != PL_OK) return pl_try_; \
    } while (0)
#define PL_ENSURE(condition, ...)                         \
    do {                                                  \
        if (!(condition)) return pl_fail(__VA_ARGS__);    \
    } while (0)

#endif
