/* Makes key files, and never overwrites one. */
#ifndef WALSHIP_KEYS_KEY_FILE_H
#define WALSHIP_KEYS_KEY_FILE_H

#include <sys/stat.h>

#include "base/call.h"
#include "walship/error.h"

/*
 * Makes a new key in the file path, durably, with mode 0600. With like: with the owner, group and mode of that file, so
 * that the same users can read both. STATUS_EXISTS when path exists.
 */
enum status key_file_make(const struct call *call, const char *path, const struct stat *like, struct error *err);

#endif
