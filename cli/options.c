/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments by table. A wrong option names itself, the one that was probably meant, and those
 * there are. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

enum { LONGEST_NAME = 32, HELP_COLUMN = 27 };

/* Levenshtein's distance; names longer than LONGEST_NAME are far from everything. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t previous[LONGEST_NAME + 1];
    size_t columns = strlen(b);
    if (columns > LONGEST_NAME || strlen(a) > LONGEST_NAME) return LONGEST_NAME;
    for (size_t column = 0; column <= columns; column++) previous[column] = column;
    for (size_t row = 1; row <= strlen(a); row++) {
        size_t diagonal = previous[0];
        previous[0] = row;
        for (size_t column = 1; column <= columns; column++) {
            size_t replaced = diagonal + (a[row - 1] != b[column - 1]);
            size_t inserted = previous[column - 1] + 1;
            size_t deleted = previous[column] + 1;
            diagonal = previous[column];
            size_t least = inserted < deleted ? inserted : deleted;
            previous[column] = replaced < least ? replaced : least;
        }
    }
    return previous[columns];
}

const char *nearest_name(const char *typed, const char *const *names)
{
    const char *nearest = NULL;
    size_t least = strlen(typed) / 2 < 3 ? strlen(typed) / 2 : 3;
    for (; *names != NULL; names++) {
        size_t distance = edit_distance(typed, *names);
        if (strlen(typed) >= 4 && strncmp(typed, *names, strlen(typed)) == 0)
            distance = 0; /* the beginning of a name */
        if (distance <= least && (nearest == NULL || distance < least)) {
            nearest = *names;
            least = distance;
        }
    }
    return nearest;
}

static int complain_unknown(const struct command *command, const char *typed)
{
    const char **names = heap_array(command->rule_count + 1, sizeof *names);
    char *list = heap_text("%s", "");
    for (size_t i = 0; i < command->rule_count; i++) {
        char *longer = heap_text("%s%s%s", list, i > 0 ? ", " : "", command->rules[i].name);
        names[i] = command->rules[i].name;
        free(list);
        list = longer;
    }
    const char *nearest = nearest_name(typed, names);
    if (nearest != NULL)
        complain(EXIT_USAGE, "%s: there is no option %s; did you mean %s?", command->name, typed,
                 nearest);
    else complain(EXIT_USAGE, "%s: there is no option %s; options: %s", command->name, typed, list);
    free(list);
    free(names);
    return EXIT_USAGE;
}

static const struct option_rule *find_rule(const struct command *command, const char *name)
{
    for (size_t i = 0; i < command->rule_count; i++)
        if (strcmp(command->rules[i].name, name) == 0) return &command->rules[i];
    return NULL;
}

static bool needs_value(const struct option_rule *rule)
{
    return rule->value == VALUE_REQUIRED || rule->value == VALUE_MANY;
}

static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0';
}

static void add_use(struct options *options, const struct option_rule *rule, const char *value)
{
    options->uses = heap_grow(options->uses, options->use_count, sizeof *options->uses);
    options->uses[options->use_count++] = (struct option_use){rule, value};
}

/* One option; *next moves past its value if that is an argument of its own. */
static int read_option(struct options *options, const char *argument, int count, char **arguments,
                       int *next)
{
    const char *equals = strchr(argument, '=');
    char *name = heap_text(
        "%.*s", (int)(equals != NULL ? equals - argument : (long)strlen(argument)), argument);
    const struct option_rule *rule = find_rule(options->command, name);
    const char *value = equals != NULL ? equals + 1 : NULL;
    int code = EXIT_FINE;
    if (rule == NULL) code = complain_unknown(options->command, name);
    else if (rule->value == VALUE_NONE && value != NULL)
        code = complain(EXIT_USAGE, "%s takes no value", name);
    else if (needs_value(rule) && value == NULL && *next >= count)
        code = complain(EXIT_USAGE, "%s needs a value: %s %s", name, name, rule->placeholder);
    else if (needs_value(rule) && value == NULL) value = arguments[(*next)++];
    free(name);
    if (code != EXIT_FINE) return code;
    add_use(options, rule, value);
    while (rule->value == VALUE_MANY && *next < count && !is_option(arguments[*next]))
        add_use(options, rule, arguments[(*next)++]);
    return EXIT_FINE;
}

int options_read(struct options *options, const struct command *command, int count,
                 char **arguments)
{
    *options = (struct options){.command = command};
    bool only_paths = false;
    for (int next = 0; next < count;) {
        const char *argument = arguments[next++];
        if (!only_paths && strcmp(argument, "--") == 0) {
            only_paths = true;
        } else if (!only_paths && is_option(argument)) {
            int code = read_option(options, argument, count, arguments, &next);
            if (code != EXIT_FINE) return code;
        } else {
            options->paths = heap_grow(options->paths, options->path_count, sizeof *options->paths);
            options->paths[options->path_count++] = argument;
        }
    }
    return EXIT_FINE;
}

void options_free(struct options *options)
{
    free(options->uses);
    free(options->paths);
}

const char *options_next(const struct options *options, const char *name, size_t *position)
{
    while (*position < options->use_count) {
        const struct option_use *use = &options->uses[(*position)++];
        if (strcmp(use->rule->name, name) == 0) return use->value != NULL ? use->value : "";
    }
    return NULL;
}

const char *options_value(const struct options *options, const char *name, const char *otherwise)
{
    size_t position = 0;
    const char *value = otherwise;
    for (const char *found; (found = options_next(options, name, &position)) != NULL;)
        value = found;
    return value;
}

bool options_given(const struct options *options, const char *name)
{
    return options_value(options, name, NULL) != NULL;
}

int options_whole(const struct options *options, const char *name, int64_t low, int64_t high,
                  int64_t *number)
{
    const char *text = options_value(options, name, NULL);
    if (text == NULL) return EXIT_FINE;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (text[0] == '\0' || *end != '\0' || errno != 0 || value < low || value > high)
        return complain(EXIT_USAGE, "%s: '%s' is not a whole number from %lld to %lld", name, text,
                        (long long)low, (long long)high);
    *number = value;
    return EXIT_FINE;
}

int options_real(const struct options *options, const char *name, double low, double high,
                 double *number)
{
    const char *text = options_value(options, name, NULL);
    if (text == NULL) return EXIT_FINE;
    char *end;
    double value = strtod(text, &end);
    if (text[0] == '\0' || *end != '\0' || !isfinite(value) || value < low || value > high)
        return complain(EXIT_USAGE, "%s: '%s' is not a number from %g to %g", name, text, low,
                        high);
    *number = value;
    return EXIT_FINE;
}

/* The help of one option; its further lines are indented to the same column. */
static void print_rule(const struct option_rule *rule)
{
    char *form = rule->value == VALUE_NONE ? heap_text("%s", rule->name)
                 : rule->value == VALUE_OPTIONAL
                     ? heap_text("%s[=%s]", rule->name, rule->placeholder)
                     : heap_text("%s %s", rule->name, rule->placeholder);
    printf("  %-*s ", HELP_COLUMN - 3, form);
    if (strlen(form) > HELP_COLUMN - 3) printf("\n%*s", HELP_COLUMN, "");
    for (const char *c = rule->help; *c != '\0'; c++) {
        putchar(*c);
        if (*c == '\n') printf("%*s", HELP_COLUMN, "");
    }
    putchar('\n');
    free(form);
}

void options_help(const struct command *command)
{
    printf("usage: plait %s%s%s%s\n\n%s\n", command->name, command->arguments[0] != '\0' ? " " : "",
           command->arguments, command->rule_count > 0 ? " [options]" : "", command->summary);
    if (command->rule_count > 0) printf("\noptions:\n");
    for (size_t i = 0; i < command->rule_count; i++) print_rule(&command->rules[i]);
    if (command->help[0] != '\0') printf("\n%s", command->help);
}
