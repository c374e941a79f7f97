/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says besides its results: notes and complaints on stderr, and the exit codes
 * that go with them. */
#ifndef CLI_TALK_H
#define CLI_TALK_H

#include "plait/plait.h"

enum exit_code {
    EXIT_FINE = 0,
    EXIT_USAGE = 1,       /* the command line is wrong, or names what is not there */
    EXIT_FILE = 2,        /* a file could not be read, written or understood */
    EXIT_MODEL = 3,       /* a .tflite file is not a valid model */
    EXIT_UNSUPPORTED = 4, /* a model needs an operator, type or option that is not implemented */
    EXIT_MISMATCH = 5,    /* types, shapes or quantization do not fit together */
    EXIT_RUN = 6,         /* a model met data it cannot work on */
    EXIT_MEMORY = 7,      /* out of memory */
    EXIT_TIMEOUT = 124    /* --timeout ran out */
};

/* The exit code for a failed call of the library. */
int exit_code_of(plait_status status);

/* Prints "plait: ..." on stderr and returns code, so that a caller can complain and return in
 * one line. */
int complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Complains with the library's own message about its last failed call; what was being done comes
 * first. */
int complain_status(const struct plait_interpreter *interpreter, plait_status status,
                    const char *doing);

/* A line on stderr about a choice that was made. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
