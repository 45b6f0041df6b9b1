/*
 * Objects as files below one directory, durable: an object that was acknowledged survives a crash of the
 * machine, its directories included.
 *
 * The root directory is never made: an unmounted disk must not turn into an empty repository. And an object is
 * only STATUS_MISSING when the first directory of its name is there; without it, it is STATUS_UNREACHABLE,
 * for the mount point of an unmounted disk looks just so.
 */
#ifndef WALSHIP_STORE_DIRECTORY_DIRECTORY_H
#define WALSHIP_STORE_DIRECTORY_DIRECTORY_H

#include "store/store.h"

/* root: an absolute path, copied. Nothing is touched yet. The caller owns *out. */
enum status directory_store_open(const char *root, struct store **out, struct error *err);

#endif
