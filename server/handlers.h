/* SPDX-License-Identifier: Apache-2.0 */
/* What answers requests; routes.c says which. */
#ifndef SERVER_HANDLERS_H
#define SERVER_HANDLERS_H

#include "server.h"

typedef void (*handler)(struct request *request, struct reply *reply);

/* handle_server.c */
void handle_live(struct request *request, struct reply *reply);
void handle_ready(struct request *request, struct reply *reply);
void handle_server_metadata(struct request *request, struct reply *reply);
void handle_openapi(struct request *request, struct reply *reply);
/* handle_page.c */
void handle_page(struct request *request, struct reply *reply);
/* metrics.c */
void handle_metrics(struct request *request, struct reply *reply);
/* handle_models.c */
void handle_model_metadata(struct request *request, struct reply *reply);
void handle_model_ready(struct request *request, struct reply *reply);
void handle_model_statistics(struct request *request, struct reply *reply);
/* What the protocol says of an input or output. */
json_t *json_of_tensor(const struct served_tensor *tensor);
/* handle_details.c */
void handle_details(struct request *request, struct reply *reply);
/* infer.c */
void handle_infer(struct request *request, struct reply *reply);
/* handle_repository.c */
void handle_index(struct request *request, struct reply *reply);
void handle_load(struct request *request, struct reply *reply);
void handle_unload(struct request *request, struct reply *reply);

/* The model that the path names, to be let go; NULL, and the reply says so, where it is not loaded. */
struct served *find_served(const struct request *request, struct reply *reply);
/* The body as JSON, which may be left out (NULL then); false, and the reply says why, where it is none. */
bool read_json(const struct request *request, json_t **document, struct reply *reply);

#endif
