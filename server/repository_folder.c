/* SPDX-License-Identifier: Apache-2.0 */
#include "repository_folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const endings[] = {".tflite", ".json"};
enum { ENDING_COUNT = sizeof endings / sizeof endings[0] };

/* The ending of a file that can be served, NULL of any other. */
static const char *ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && dot != name && i < ENDING_COUNT; i++)
        if (strcmp(dot, endings[i]) == 0) return dot;
    return NULL;
}

char *folder_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    char *dot = name == NULL ? NULL : strrchr(name, '.');
    if (dot != NULL && dot != name) *dot = '\0';
    return name;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < PATH_MAX;
}

/* Of errno: nothing is wrong with the folder. */
static bool is_shortage(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE;
}

/* NAME/VERSION/model.tflite */
static bool read_versions(const char *folder, const char *name, folder_file file, void *user)
{
    char path[PATH_MAX];
    struct stat status;
    bool going = true;
    DIR *versions = opendir(folder);
    if (versions == NULL) return !is_shortage(errno);
    for (struct dirent *item; going && (item = readdir(versions)) != NULL;) {
        if (!is_number(item->d_name)) continue;
        for (size_t i = 0; i < ENDING_COUNT; i++) {
            char inside[NAME_MAX + 32];
            snprintf(inside, sizeof inside, "%s/model%s", item->d_name, endings[i]);
            if (!join(path, folder, inside) || stat(path, &status) != 0 || !S_ISREG(status.st_mode)) continue;
            going = file(user, name, item->d_name, path);
            break;
        }
    }
    closedir(versions);
    return going;
}

static bool read_item(const char *folder, const char *name, folder_file file, void *user)
{
    char path[PATH_MAX];
    struct stat status;
    if (name[0] == '.' || !join(path, folder, name) || stat(path, &status) != 0) return true;
    if (S_ISDIR(status.st_mode)) return read_versions(path, name, file, user);
    if (!S_ISREG(status.st_mode) || ending_of(name) == NULL) return true;
    char *stem = folder_stem(name);
    const bool going = stem != NULL && file(user, stem, "1", path);
    free(stem);
    return going;
}

plait_status folder_read(const char *folder, folder_file file, void *user, struct bytes *why)
{
    DIR *items = opendir(folder);
    if (items == NULL) {
        const int error = errno;
        bytes_print(why, "%s: %s", folder, strerror(error));
        return is_shortage(error) ? PLAIT_OUT_OF_MEMORY : PLAIT_IO;
    }
    bool going = true;
    for (struct dirent *item; going && (item = readdir(items)) != NULL;)
        going = read_item(folder, item->d_name, file, user);
    const int error = errno;
    closedir(items);
    if (going) return PLAIT_OK;
    bytes_print(why, "%s: %s", folder, strerror(error));
    return PLAIT_OUT_OF_MEMORY;
}

/* ---- a folder of one model ------------------------------------------------------------------------------------------- */

struct choice {
    const char *folder;
    char *path;
    int rank;
    size_t count; /* of files with this rank */
};

static bool consider(void *user, const char *name, const char *version, const char *path)
{
    struct choice *choice = user;
    const char *file = strrchr(path, '/') + 1;
    const int rank = (strcmp(name, "model") == 0 ? 2 : 0) + (strcmp(ending_of(file), ".json") == 0);
    (void)version;
    if ((size_t)(file - path) != strlen(choice->folder) + 1) return true; /* deeper */
    if (choice->count > 0 && rank <= choice->rank) {
        choice->count += rank == choice->rank;
        return true;
    }
    free(choice->path);
    choice->path = strdup(path);
    choice->rank = rank;
    choice->count = 1;
    return choice->path != NULL;
}

plait_status folder_model(const char *path, char **file, struct bytes *why)
{
    struct stat info;
    struct choice choice = {.folder = path};
    plait_status status = PLAIT_OK;
    const bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (is_folder) status = folder_read(path, consider, &choice, why);
    else choice = (struct choice){path, strdup(path), 0, 1};
    *file = choice.path;
    if (status == PLAIT_OK && choice.count == 1) return choice.path != NULL ? PLAIT_OK : PLAIT_OUT_OF_MEMORY;
    free(choice.path);
    *file = NULL;
    if (status != PLAIT_OK) return status;
    bytes_print(why, choice.count == 0 ? "%s: a folder without a .tflite or .json file"
                                       : "%s: a folder of several models, none of which is model.tflite or model.json; name "
                                         "one, or serve all with --repository", path);
    return PLAIT_INVALID_ARGUMENT;
}

/* ---- files --------------------------------------------------------------------------------------------------------------- */

struct file_mark file_mark_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return (struct file_mark){0};
    return (struct file_mark){(uint64_t)status.st_dev, (uint64_t)status.st_ino, (uint64_t)status.st_size,
                              (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec};
}

bool file_mark_is(const struct file_mark *a, const struct file_mark *b)
{
    return a->device == b->device && a->number == b->number && a->bytes == b->bytes && a->changed == b->changed;
}
