/* SPDX-License-Identifier: Apache-2.0 */
/* The files of page/, as the build puts them into the program. */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include <stddef.h>

struct page_file {
    const char *name; /* "index.html" */
    const char *content_type;
    const char *etag; /* with its quotes */
    const unsigned char *bytes;
    size_t length;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif
