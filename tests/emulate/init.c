/* SPDX-License-Identifier: Apache-2.0 */
/* The first and only process of the machine that `emulate` starts: runs the program, says how it ended, and ends the
 * machine. /arguments and /environment have a string a line, /folder is where it is run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_STRINGS = 1000 };

/* The lines of a file, with NULL at the end. */
static char **read_lines(const char *path)
{
    static char *none[] = {NULL};
    char **lines = calloc(MAX_STRINGS + 1, sizeof *lines);
    FILE *file = fopen(path, "r");
    if (lines == NULL || file == NULL) return none;
    char *line = NULL;
    size_t size = 0;
    for (size_t i = 0; i < MAX_STRINGS && getline(&line, &size, file) > 0; i++)
        lines[i] = strndup(line, strcspn(line, "\n"));
    free(line);
    fclose(file);
    return lines;
}

/* As a shell says it. */
static int run(char **arguments, char **environment)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        execve(arguments[0], arguments, environment);
        perror(arguments[0]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return 126;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Bochs ends when it sees this word at this port: no ACPI is needed, whose start costs seconds. */
static void end_machine(void)
{
    if (ioperm(0x8900, 1, 1) != 0) return;
    for (const char *byte = "Shutdown"; *byte != '\0'; byte++) outb((unsigned char)*byte, 0x8900);
}

int main(void)
{
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    char **folder = read_lines("/folder");
    printf("\nemulate: begin\n");
    fflush(stdout);
    int status = 126;
    if (folder[0] != NULL && chdir(folder[0]) == 0)
        status = run(read_lines("/arguments"), read_lines("/environment"));
    printf("\nemulate: exit status %d\n", status);
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    end_machine();
    for (;;) pause();
}
