/* Reads small files completely into the caller's storage. A symbolic link is refused, and a FIFO does not block. */
#ifndef WALSHIP_SYS_READ_FILE_H
#define WALSHIP_SYS_READ_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "walship/error.h"

/*
 * Reads from fd until out holds size bytes or the file ends. Returns the number of bytes; -1 with errno if any read
 * fails.
 */
ssize_t read_file_open(int fd, void *out, size_t size);

/* The same from this offset on, without moving the file's own. */
ssize_t read_file_at(int fd, void *out, size_t size, uint64_t offset);

/*
 * Reads the text of a file and adds a 0 byte, which size includes. Otherwise out is "": STATUS_MISSING if there is no
 * file, STATUS_LOCAL if walship cannot read the file or the file has size bytes or more.
 */
enum status read_file_text(const char *path, char *out, size_t size, struct error *err);

/*
 * As read_file_text, into memory of the file's size: *out, which is the caller's to free, and NULL for every failure.
 * STATUS_DAMAGED: the file has more than most bytes. A file that is replaced meanwhile is the old one or the new one.
 */
enum status read_file_whole(const char *path, size_t most, char **out, struct error *err);

#define READ_FILE_EXPECTED_MAX (8 * 1024) /* the longest text that read_file_says compares */

/* Whether the file holds exactly this text of len bytes. One read suffices if it returns the whole file. */
bool read_file_says(const char *path, const char *text, size_t len);

#endif
