/* SPDX-License-Identifier: Apache-2.0 */
/* plait health: whether the server of this machine is ready. For containers whose image has no other client. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"
#include "talk.h"

enum { LARGEST_PORT = 65535, EXIT_NOT_READY = EXIT_USAGE /* what is named is not there; 2 is not for health checks */ };

struct question {
    const char *address;
    int64_t port;
    double seconds; /* for each of connecting, asking and being answered */
};

static socklen_t socket_address(const struct question *question, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)address;
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, question->address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)question->port);
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, question->address, &six->sin6_addr) != 1) return 0;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)question->port);
    return sizeof *six;
}

/* The status of the answer; 0 where there is none. */
static int ask(int connection, const struct sockaddr_storage *address, socklen_t length)
{
    static const char request[] = "GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[64] = "", behind[2];
    size_t count = 0;
    int status = 0;
    if (connect(connection, (const struct sockaddr *)address, length) != 0) return 0;
    if (send(connection, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof request - 1)) return 0;
    while (count < sizeof answer - 1) {
        const ssize_t got = recv(connection, answer + count, sizeof answer - 1 - count, 0);
        if (got < 0) return 0;
        if (got == 0) break;
        count += (size_t)got;
    }
    errno = EPROTO;
    return sscanf(answer, "HTTP/1.%*1[01] %3d%1[ \r]", &status, behind) == 2 ? status : 0;
}

static int ask_server(const struct question *question)
{
    struct sockaddr_storage address;
    const socklen_t length = socket_address(question, &address);
    if (length == 0) return complain(EXIT_USAGE, "--bind: %s is no address; names are not looked up", question->address);
    const int connection = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval most = {(time_t)question->seconds,
                                 (suseconds_t)((question->seconds - (double)(time_t)question->seconds) * 1e6)};
    if (connection < 0) return complain(EXIT_NOT_READY, "health: %s", strerror(errno));
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    const int status = ask(connection, &address, length);
    const int error = errno;
    close(connection);
    if (status == 200) return EXIT_FINE;
    if (status != 0) return complain(EXIT_NOT_READY, "health: not ready: it answers %d", status);
    const char *why = error == EAGAIN || error == EINPROGRESS ? "no answer in time" : strerror(error);
    return complain(EXIT_NOT_READY, "health: %s, port %lld: %s", question->address, (long long)question->port, why);
}

static int run(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct question question = {.port = 8000, .seconds = 3};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE && options.path_count > 0)
        code = complain(EXIT_USAGE, "health: what is %s? plait health --bind ADDRESS --port N", options.paths[0]);
    if (code == EXIT_FINE) code = options_whole(&options, "--port", 1, LARGEST_PORT, &question.port);
    if (code == EXIT_FINE) code = options_real(&options, "--seconds", 0.001, 3600, &question.seconds);
    question.address = options_value(&options, "--bind", "127.0.0.1");
    if (code == EXIT_FINE) code = ask_server(&question);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--bind", "ADDRESS", VALUE_REQUIRED, "as it was given to plait serve (127.0.0.1)"},
    {"--port", "N", VALUE_REQUIRED, "8000"},
    {"--seconds", "S", VALUE_REQUIRED, "to wait for each step of it (3)"},
};

const struct command command_health = {
    .name = "health",
    .summary = "Asks a plait serve of this machine whether it is ready.",
    .arguments = "",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "Returns 0 if it is, else 1 with the reason on stderr: what the health check of a container runs.\n"
            "It does not speak TLS.\n",
    .run = run,
};
