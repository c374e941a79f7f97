/* SPDX-License-Identifier: Apache-2.0 */
/* The page at /: files that are in the program. Nothing in them is secret; what the page shows, it asks for like any client. */
#include <string.h>

#include "handlers.h"
#include "page.h"

static const char first_file[] = "index.html";

/* The page is our own files and our own server: no other host, nothing inline, no frame around it. */
static const struct reply_header headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {NULL, NULL},
};

static const struct page_file *find_file(const char *name)
{
    for (size_t i = 0; i < page_file_count; i++)
        if (strcmp(page_files[i].name, name) == 0) return &page_files[i];
    return NULL;
}

/* Whether the client has it; what it sends is a list of tags, each perhaps W/"...": none is part of another. */
static bool is_known(const char *if_none_match, const char *etag)
{
    return if_none_match != NULL && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag) != NULL);
}

void handle_page(struct request *request, struct reply *reply)
{
    /* Paths in it are relative to where it is, also behind a proxy; so it is at one place only. */
    const char *name = request->name != NULL ? request->name : first_file;
    const bool misplaced = request->name != NULL && strcmp(name, first_file) == 0;
    const struct page_file *file = misplaced ? NULL : find_file(name);
    if (file == NULL) {
        reply_error(reply, 404, "the page has no file %s", name);
        return;
    }
    const bool known = is_known(request->if_none_match, file->etag);
    reply->status = known ? 304 : 200;
    reply->content_type = file->content_type;
    reply->etag = file->etag;
    reply->headers = headers;
    if (!known) bytes_add(&reply->body, file->bytes, file->length);
}
