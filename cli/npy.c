/* SPDX-License-Identifier: Apache-2.0 */
/* The .npy format: magic, version, length of the header, the header (a Python dict), the
 * elements. The header is read strictly as NumPy writes it; what it describes is checked against
 * the length of the file. */
#include "npy.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

enum { MAGIC_BYTES = 6, PREFIX_BYTES = 10, HEADER_ALIGNMENT = 64, LONGEST_HEADER = 65535 };

static const unsigned char magic[MAGIC_BYTES] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static const struct {
    const char *code;
    plait_type type;
    size_t bytes;
} types[] = {
    {"|b1", PLAIT_BOOL, 1},      {"|i1", PLAIT_INT8, 1},         {"|u1", PLAIT_UINT8, 1},
    {"<i2", PLAIT_INT16, 2},     {"<u2", PLAIT_UINT16, 2},       {"<i4", PLAIT_INT32, 4},
    {"<u4", PLAIT_UINT32, 4},    {"<i8", PLAIT_INT64, 8},        {"<u8", PLAIT_UINT64, 8},
    {"<f2", PLAIT_FLOAT16, 2},   {"<f4", PLAIT_FLOAT32, 4},      {"<f8", PLAIT_FLOAT64, 8},
    {"<c8", PLAIT_COMPLEX64, 8}, {"<c16", PLAIT_COMPLEX128, 16},
};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

bool npy_is(const unsigned char *head, size_t bytes)
{
    return bytes >= MAGIC_BYTES && memcmp(head, magic, MAGIC_BYTES) == 0;
}

void npy_free(struct npy_array *array)
{
    free(array->data);
    array->data = NULL;
}

/* ---- the header ------------------------------------------------------------------------------ */

/* What stands behind 'key': in the dict, NULL if it is not there. */
static const char *header_value(const char *header, const char *key)
{
    const char *found = strstr(header, key);
    if (found == NULL) return NULL;
    found += strlen(key);
    while (isspace((unsigned char)*found)) found++;
    if (*found != ':') return NULL;
    found++;
    while (isspace((unsigned char)*found)) found++;
    return found;
}

/* '|S12': strings of up to 12 bytes. */
static bool string_type(const char *value, struct npy_array *array)
{
    char *end = NULL;
    if (strncmp(value, "|S", 2) != 0 || !isdigit((unsigned char)value[2])) return false;
    errno = 0;
    const unsigned long long width = strtoull(value + 2, &end, 10);
    if (*end != '\'' || errno != 0 || width > INT32_MAX) return false;
    array->type = PLAIT_STRING;
    array->width = (size_t)width;
    return true;
}

static int header_type(const char *header, struct npy_array *array, size_t *element_bytes,
                       const char *path)
{
    const char *value = header_value(header, "'descr'");
    if (value == NULL || *value != '\'')
        return complain(EXIT_FILE, "%s: the .npy header has no plain 'descr'", path);
    value++;
    if (string_type(value, array)) {
        *element_bytes = array->width;
        return EXIT_FINE;
    }
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        size_t length = strlen(types[i].code);
        if (strncmp(value, types[i].code, length) == 0 && value[length] == '\'') {
            array->type = types[i].type;
            *element_bytes = types[i].bytes;
            return EXIT_FINE;
        }
    }
    if (*value == '>')
        return complain(EXIT_FILE,
                        "%s: big-endian elements ('%.*s'); save it with "
                        "array.astype(array.dtype.newbyteorder('<'))",
                        path, (int)strcspn(value, "'"), value);
    return complain(EXIT_FILE, "%s: elements of type '%.*s' are in no tensor", path,
                    (int)strcspn(value, "'"), value);
}

static int header_shape(const char *header, struct npy_array *array, size_t element_bytes,
                        const char *path)
{
    const char *value = header_value(header, "'shape'");
    if (value == NULL || *value++ != '(')
        return complain(EXIT_FILE, "%s: the .npy header has no 'shape'", path);
    array->bytes = element_bytes;
    while (*value != ')') {
        char *end;
        errno = 0;
        long long dim = strtoll(value, &end, 10);
        if (end == value || errno != 0 || dim < 0 || dim > INT32_MAX || array->rank == NPY_MAX_RANK)
            return complain(EXIT_FILE, "%s: the .npy header has a bad 'shape'", path);
        if (__builtin_mul_overflow(array->bytes, (size_t)dim, &array->bytes))
            return complain(EXIT_FILE, "%s: the .npy header says more bytes than there can be",
                            path);
        array->dims[array->rank++] = (int32_t)dim;
        value = end + strspn(end, ", ");
    }
    return EXIT_FINE;
}

static int read_header(const char *header, struct npy_array *array, const char *path)
{
    const char *order = header_value(header, "'fortran_order'");
    size_t element_bytes = 0;
    if (order == NULL || (strncmp(order, "False", 5) != 0 && strncmp(order, "True", 4) != 0))
        return complain(EXIT_FILE, "%s: the .npy header has no 'fortran_order'", path);
    if (order[0] == 'T')
        return complain(EXIT_FILE,
                        "%s: in Fortran order; save it with numpy.ascontiguousarray(array)", path);
    int code = header_type(header, array, &element_bytes, path);
    return code == EXIT_FINE ? header_shape(header, array, element_bytes, path) : code;
}

/* Reads up to the elements; the header is the caller's to free. */
static char *read_prefix(FILE *file, const char *path)
{
    unsigned char prefix[PREFIX_BYTES + 2];
    if (fread(prefix, 1, PREFIX_BYTES, file) != PREFIX_BYTES || !npy_is(prefix, PREFIX_BYTES)) {
        complain(EXIT_FILE, "%s: not a .npy file", path);
        return NULL;
    }
    size_t length = (size_t)prefix[8] | (size_t)prefix[9] << 8;
    if (prefix[6] >= 2) { /* versions 2 and 3: four bytes of length */
        if (fread(prefix + PREFIX_BYTES, 1, 2, file) != 2) length = LONGEST_HEADER + 1;
        else length |= (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
    }
    if (length > LONGEST_HEADER) {
        complain(EXIT_FILE, "%s: the .npy header is too long", path);
        return NULL;
    }
    char *header = heap_array(length + 1, 1);
    if (fread(header, 1, length, file) == length) return header;
    complain(EXIT_FILE, "%s: the .npy header is cut short", path);
    free(header);
    return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The bytes from here to the end; -1 if that cannot be told. */
static long rest_of_file(FILE *file)
{
    long here = ftell(file);
    if (here < 0 || fseek(file, 0, SEEK_END) != 0) return -1;
    long end = ftell(file);
    return fseek(file, here, SEEK_SET) == 0 ? end - here : -1;
}

static int read_elements(FILE *file, struct npy_array *array, const char *path)
{
    long rest = rest_of_file(file);
    if (rest < 0 || (size_t)rest != array->bytes)
        return complain(EXIT_FILE,
                        "%s: the .npy header says %zu bytes of elements, the file has %ld", path,
                        array->bytes, rest);
    array->data = heap_array(array->bytes, 1);
    if (fread(array->data, 1, array->bytes, file) != array->bytes)
        return complain(EXIT_FILE, "%s: %s", path, strerror(errno));
    return EXIT_FINE;
}

int npy_read(struct npy_array *array, const char *path)
{
    *array = (struct npy_array){0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return complain(EXIT_FILE, "%s: %s", path, strerror(errno));
    int code = EXIT_FILE;
    char *header = read_prefix(file, path);
    if (header != NULL) code = read_header(header, array, path);
    if (code == EXIT_FINE) code = read_elements(file, array, path);
    free(header);
    fclose(file);
    return code;
}

static char *make_header(const struct npy_array *array, const char *type_code)
{
    char *shape = heap_text("%s", "");
    for (int32_t axis = 0; axis < array->rank; axis++) {
        const char *comma = axis + 1 < array->rank ? ", " : array->rank == 1 ? "," : "";
        char *longer = heap_text("%s%d%s", shape, array->dims[axis], comma);
        free(shape);
        shape = longer;
    }
    char *dict =
        heap_text("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type_code, shape);
    size_t bytes = PREFIX_BYTES + strlen(dict) + 1;
    size_t padding = (HEADER_ALIGNMENT - bytes % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
    char *header = heap_text("%s%*s\n", dict, (int)padding, "");
    free(dict);
    free(shape);
    return header;
}

int npy_write(const struct npy_array *array, const char *path)
{
    const char *type_code = NULL;
    char string_code[32];
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].type == array->type) type_code = types[i].code;
    if (array->type == PLAIT_STRING) {
        snprintf(string_code, sizeof string_code, "|S%zu", array->width);
        type_code = string_code;
    }
    if (type_code == NULL)
        return complain(EXIT_FILE, "%s: .npy has no type for %s", path,
                        plait_type_name(array->type));
    FILE *file = fopen(path, "wb");
    if (file == NULL) return complain(EXIT_FILE, "%s: %s", path, strerror(errno));
    char *header = make_header(array, type_code);
    size_t length = strlen(header);
    const unsigned char rest[4] = {1, 0, (unsigned char)(length & 0xff),
                                   (unsigned char)(length >> 8)};
    bool written = fwrite(magic, 1, sizeof magic, file) == sizeof magic &&
                   fwrite(rest, 1, sizeof rest, file) == sizeof rest &&
                   fwrite(header, 1, length, file) == length &&
                   (array->bytes == 0 || /* an empty tensor has no data */
                    fwrite(array->data, 1, array->bytes, file) == array->bytes);
    free(header);
    if (fclose(file) != 0 || !written) return complain(EXIT_FILE, "%s: %s", path, strerror(errno));
    return EXIT_FINE;
}
