/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a command's arguments by a table of its options. The same table prints the help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_value {
    VALUE_NONE,     /* --json */
    VALUE_REQUIRED, /* --top 5, --top=5 */
    VALUE_OPTIONAL, /* --random-input, --random-input=7 */
    VALUE_MANY      /* -o A B: all arguments up to the next option, each a use of its own */
};

/* Of --memory-limit. */
#define LARGEST_MEMORY (SIZE_MAX > UINT32_MAX ? (int64_t)1 << 50 : (int64_t)UINT32_MAX)

struct option_rule {
    const char *name;        /* "--top" */
    const char *placeholder; /* "K" */
    enum option_value value;
    const char *help;
};

struct command {
    const char *name;
    const char *summary;
    const char *arguments; /* "[NAME=]PATH..." */
    const struct option_rule *rules;
    size_t rule_count;
    const char *help; /* what follows the list of options */
    int (*run)(const struct command *command, int count, char **arguments);
};

struct option_use {
    const struct option_rule *rule;
    const char *value; /* NULL if it has none */
};

struct options {
    const struct command *command;
    struct option_use *uses; /* in the order given */
    size_t use_count;
    const char **paths; /* what is not an option */
    size_t path_count;
};

/* Reads `arguments`, none of which is the command's own name. Returns EXIT_FINE, or an exit code
 * after saying what is wrong. To be freed with options_free() in both cases. */
int options_read(struct options *options, const struct command *command, int count,
                 char **arguments);
void options_free(struct options *options);

/* The last value given for an option, or `otherwise`. */
const char *options_value(const struct options *options, const char *name, const char *otherwise);
bool options_given(const struct options *options, const char *name);

/* The next use of an option at or after *position, which moves behind it; NULL when there is
 * none left. */
const char *options_next(const struct options *options, const char *name, size_t *position);

/* A whole number or a real number from low to high; *number keeps its value where the option is
 * not given. */
int options_whole(const struct options *options, const char *name, int64_t low, int64_t high,
                  int64_t *number);
int options_real(const struct options *options, const char *name, double low, double high,
                 double *number);

/* The one of `names` (which ends with NULL) that is nearest to what was typed; NULL when none is
 * near. */
const char *nearest_name(const char *typed, const char *const *names);

/* The command's help, on stdout. */
void options_help(const struct command *command);

#endif
