/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer, as microhttpd hands them over: the head is looked at, the body collected within limits, and
 * what route() replies is sent. */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include <microhttpd.h>

/* Callbacks of the daemon; `user` is the struct server. */
void *exchange_begin(void *user, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_go_on(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                               const char *version, const char *data, size_t *bytes, void **context);
void exchange_end(void *user, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code);

#endif
