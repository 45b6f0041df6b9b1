/*
 * Stores objects as files below one directory. A finished object and its directories survive a crash of the machine.
 *
 * The root directory is never created: an unmounted disk must not turn into an empty repository. An object is
 * STATUS_MISSING only if the first directory of its name exists. Otherwise the status is STATUS_UNREACHABLE, because
 * the mount point of an unmounted disk looks the same.
 */
#ifndef WALSHIP_STORE_DIRECTORY_DIRECTORY_H
#define WALSHIP_STORE_DIRECTORY_DIRECTORY_H

#include "store/store.h"

/* root: an absolute path, which is copied. Does not access the file system yet. The caller owns *out. */
enum status directory_store_open(const char *root, struct store **out, struct error *err);

#endif
