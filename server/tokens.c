/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool add_token(struct tokens *tokens, const char *token)
{
    char **items = realloc(tokens->items, (tokens->count + 1) * sizeof *items);
    if (items == NULL) return false;
    tokens->items = items;
    items[tokens->count] = strdup(token);
    if (items[tokens->count] == NULL) return false;
    tokens->count++;
    return true;
}

bool tokens_read(struct tokens *tokens, const char *path, const char **why)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        *why = strerror(errno);
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    bool fine = true;
    for (ssize_t length; fine && (length = getline(&line, &capacity, file)) > 0;) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#') fine = add_token(tokens, line);
    }
    free(line);
    *why = !fine ? "out of memory" : ferror(file) ? strerror(errno) : "it has no token";
    fine = fine && !ferror(file) && tokens->count > 0;
    fclose(file);
    return fine;
}

void tokens_free(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) free(tokens->items[i]);
    free(tokens->items);
}

static bool is_equal(const char *token, const char *given)
{
    const size_t length = strlen(token), given_length = strlen(given);
    unsigned char difference = length != given_length;
    for (size_t i = 0; i < given_length; i++)
        difference |= (unsigned char)(given[i] ^ token[length > 0 ? i % length : 0]);
    return difference == 0;
}

bool tokens_allow(const struct tokens *tokens, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (tokens->count == 0) return true;
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return false;
    bool found = false;
    for (size_t i = 0; i < tokens->count; i++) found |= is_equal(tokens->items[i], authorization + sizeof scheme - 1);
    return found;
}
