/* SPDX-License-Identifier: Apache-2.0 */
/* plait, the program: finds the command and runs it. Results go to stdout, talk to stderr. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "plait/plait.h"
#include "talk.h"

static const struct command *const commands[] = {&command_run,   &command_inspect, &command_bench, &command_fuse,
                                               &command_split, &command_ops,     &command_serve, &command_health,
                                               &command_plan,  &command_top};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *file)
{
    fputs("usage: plait COMMAND ...\n\nplait runs many TensorFlow Lite models in one "
          "interpreter.\n\ncommands:\n",
          file);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help     Shows the help of a command: plait help run.\n", file);
}

static void print_help(void)
{
    print_usage(stdout);
    puts("\noptions:\n"
         "  --help     this\n"
         "  --version  the version of the program and its library\n"
         "\n"
         "exit codes:\n"
         "    0  all is well\n"
         "    1  the command line is wrong, or names what is not there\n"
         "    2  a file could not be read, written or understood\n"
         "    3  a .tflite file is not a valid model\n"
         "    4  a model needs what is not implemented\n"
         "    5  types, shapes or quantization do not fit together\n"
         "    6  a model met data it cannot work on\n"
         "    7  out of memory\n"
         "  124  --timeout ran out");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static int complain_no_command(const char *name)
{
    static const char *const names[] = {"run",   "inspect", "bench", "fuse", "split", "ops",
                                        "serve", "health",  "plan",  "top",  "help",  NULL};
    const char *nearest = nearest_name(name, names);
    if (nearest != NULL)
        return complain(EXIT_USAGE, "there is no command %s; did you mean %s?", name, nearest);
    return complain(EXIT_USAGE,
                    "there is no command %s; commands: run, inspect, bench, fuse, split, ops, serve, health, plan, top, help",
                    name);
}

static int help(int count, char **arguments)
{
    if (count == 0) {
        print_help();
        return EXIT_FINE;
    }
    const struct command *command = find_command(arguments[0]);
    if (command == NULL) return complain_no_command(arguments[0]);
    options_help(command);
    return EXIT_FINE;
}

static int dispatch(int count, char **arguments)
{
    if (count == 0) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    const char *name = arguments[0];
    if (strcmp(name, "--version") == 0) {
        printf("plait %s\n", plait_version());
        return EXIT_FINE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(count - 1, arguments + 1);
    const struct command *command = find_command(name);
    if (command == NULL) return complain_no_command(name);
    for (int i = 1; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
            return help(1, arguments);
    return command->run(command, count - 1, arguments + 1);
}

int main(int count, char **arguments)
{
    int code = dispatch(count - 1, arguments + 1);
    if (fflush(stdout) != 0 || ferror(stdout))
        return complain(code != EXIT_FINE ? code : EXIT_FILE, "cannot write the results: %s",
                        strerror(errno));
    return code;
}
