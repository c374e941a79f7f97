/* SPDX-License-Identifier: Apache-2.0 */
/* Notes and complaints. Every line first clears the progress line, which shares the terminal
 * with it. */
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "progress.h"
#include "table.h"

int exit_code_of(plait_status status)
{
    switch (status) {
    case PLAIT_OK: return EXIT_FINE;
    case PLAIT_INVALID_ARGUMENT: return EXIT_USAGE;
    case PLAIT_NOT_FOUND: return EXIT_USAGE;
    case PLAIT_OUT_OF_MEMORY: return EXIT_MEMORY;
    case PLAIT_INVALID_MODEL: return EXIT_MODEL;
    case PLAIT_UNSUPPORTED: return EXIT_UNSUPPORTED;
    case PLAIT_MISMATCH: return EXIT_MISMATCH;
    case PLAIT_INVALID_PIPELINE:
    case PLAIT_IO: return EXIT_FILE;
    case PLAIT_NOT_ALLOCATED:
    case PLAIT_BUSY:
    case PLAIT_RUN_ERROR:
    case PLAIT_CANCELLED:
    case PLAIT_TOO_LATE:
    case PLAIT_DROPPED: return EXIT_RUN;
    }
    return EXIT_RUN;
}

/* Messages quote names out of files, so they are made safe for a terminal first. */
__attribute__((format(printf, 1, 0))) static void say_line(const char *format, va_list arguments)
{
    char *text = heap_text_of(format, arguments);
    make_printable(text);
    progress_clear();
    fflush(stdout); /* keeps results and talk in order where both go to one terminal */
    fprintf(stderr, "plait: %s\n", text);
    free(text);
}

int complain(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_line(format, arguments);
    va_end(arguments);
    return code;
}

int complain_status(const struct plait_interpreter *interpreter, plait_status status,
                    const char *doing)
{
    const char *message = plait_last_error(interpreter);
    if (message[0] == '\0') message = plait_status_text(status);
    if (doing[0] == '\0') return complain(exit_code_of(status), "%s", message);
    return complain(exit_code_of(status), "%s: %s", doing, message);
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_line(format, arguments);
    va_end(arguments);
}
