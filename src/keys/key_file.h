/* Key files: made once, never overwritten. */
#ifndef WALSHIP_KEYS_KEY_FILE_H
#define WALSHIP_KEYS_KEY_FILE_H

#include <sys/stat.h>

#include "base/call.h"
#include "walship/error.h"

/*
 * Makes path a new key: durable, mode 0600; with `like` the owner, group and mode of that file, so that whoever reads
 * that one can read this one, too. STATUS_EXISTS when the name is taken.
 */
enum status key_file_make(const struct call *call, const char *path, const struct stat *like, struct error *err);

#endif
