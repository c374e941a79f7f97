/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens, read from a file once. */
#ifndef SERVER_TOKENS_H
#define SERVER_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

struct tokens {
    char **items;
    size_t count; /* 0: none is asked for */
};

/* One a line; empty lines and those that begin with # do not count. False, and what is wrong in `why`, where the file cannot
 * be read or has none. */
bool tokens_read(struct tokens *tokens, const char *path, const char **why);
void tokens_free(struct tokens *tokens);
/* Whether the header ("Bearer TOKEN", NULL: none) has one of them. How long it takes says nothing of how near it is. */
bool tokens_allow(const struct tokens *tokens, const char *authorization);

#endif
