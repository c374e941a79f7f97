/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"

enum { BACKLOG = 512, STACK_BYTES = 2 << 20, LARGEST_PEM = 1 << 20 };

/* ---- the socket ------------------------------------------------------------------------------------------------------------ */

static int try_address(const struct addrinfo *address)
{
    const int on = 1, socket_number = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, 0);
    if (socket_number < 0) return -1;
    if (setsockopt(socket_number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(socket_number, address->ai_addr, address->ai_addrlen) == 0 && listen(socket_number, BACKLOG) == 0)
        return socket_number;
    const int error = errno;
    close(socket_number);
    errno = error;
    return -1;
}

static int open_socket(const struct serve_options *options, struct bytes *why)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    char port[16];
    snprintf(port, sizeof port, "%d", (int)options->port);
    const int error = getaddrinfo(options->bind, port, &hints, &addresses);
    if (error != 0) {
        bytes_print(why, "cannot bind to %s: %s", options->bind, gai_strerror(error));
        return -1;
    }
    int socket_number = -1;
    for (struct addrinfo *address = addresses; socket_number < 0 && address != NULL; address = address->ai_next)
        socket_number = try_address(address);
    if (socket_number < 0) bytes_print(why, "cannot bind to %s port %s: %s", options->bind, port, strerror(errno));
    freeaddrinfo(addresses);
    return socket_number;
}

/* What to call it: the port may have been chosen by the system. */
static bool note_address(struct listener *listener, int socket_number, bool tls)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[64], port[16];
    if (getsockname(socket_number, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    snprintf(listener->address, sizeof listener->address, address.ss_family == AF_INET6 ? "%s://[%s]:%s" : "%s://%s:%s",
             tls ? "https" : "http", host, port);
    return address.ss_family == AF_INET6;
}

/* ---- the daemon --------------------------------------------------------------------------------------------------------------- */

static char *read_pem(const char *path, struct bytes *why)
{
    struct bytes text = {0};
    FILE *file = fopen(path, "re");
    char piece[4096];
    size_t count = 0;
    while (file != NULL && text.length < LARGEST_PEM && (count = fread(piece, 1, sizeof piece, file)) > 0)
        bytes_add(&text, piece, count);
    const bool fine = file != NULL && !ferror(file);
    if (!fine) bytes_print(why, "%s: %s", path, strerror(errno));
    if (file != NULL) fclose(file);
    if (fine && bytes_string(&text)[0] != '\0') return text.data;
    if (fine) bytes_print(why, "%s: it is empty", path);
    bytes_free(&text);
    return NULL;
}

/* A connection begins or ends: it is noted beside microhttpd's own. */
static void note_connection(void *user, struct MHD_Connection *connection, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct server *server = user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = connections_add(&server->connections,
                                   MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    else if (*context != NULL) connections_remove(&server->connections, *context);
}

__attribute__((format(printf, 2, 0)))
static void note_message(void *user, const char *format, va_list arguments)
{
    struct server *server = user;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_event(&server->log, LOG_REQUESTS, "microhttpd", {"message", text, 0});
}

static void start(struct listener *listener, struct server *server, int socket_number, bool is_ipv6)
{
    const struct serve_options *options = server->options;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, listener->certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, listener->key},
                                   {MHD_OPTION_END, 0, NULL}};
    if (listener->certificate == NULL) tls[0].option = MHD_OPTION_END;
    const unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC |
                           MHD_USE_ERROR_LOG | (is_ipv6 ? MHD_USE_IPv6 : 0) |
                           (listener->certificate != NULL ? MHD_USE_TLS : 0);
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_go_on, server, MHD_OPTION_EXTERNAL_LOGGER, note_message, server,
        MHD_OPTION_LISTEN_SOCKET, socket_number, MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, server, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connection_limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)options->header_limit, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

bool listener_begin(struct listener *listener, struct server *server, struct bytes *why)
{
    const struct serve_options *options = server->options;
    *listener = (struct listener){0};
    const bool tls = options->tls_certificate != NULL;
    if (tls && (listener->certificate = read_pem(options->tls_certificate, why)) == NULL) return false;
    if (tls && (listener->key = read_pem(options->tls_key, why)) == NULL) return false;
    const int socket_number = open_socket(options, why);
    if (socket_number < 0) return false;
    start(listener, server, socket_number, note_address(listener, socket_number, tls));
    if (listener->daemon != NULL) return true;
    close(socket_number);
    bytes_text(why, tls ? "cannot start the server: is the certificate one of this key?" : "cannot start the server");
    return false;
}

void listener_close(struct listener *listener)
{
    const MHD_socket socket_number = MHD_quiesce_daemon(listener->daemon);
    if (socket_number != MHD_INVALID_SOCKET) close(socket_number);
}

void listener_end(struct listener *listener)
{
    if (listener->daemon != NULL) MHD_stop_daemon(listener->daemon);
    free(listener->certificate);
    free(listener->key);
}
