/*
 * Files of notes in the spool that hold for one repository, as an identity says: a first line, the lines of the
 * identity, and the notes.
 */
#ifndef WALSHIP_SYS_NOTES_FILE_H
#define WALSHIP_SYS_NOTES_FILE_H

#include <stddef.h>

#include "walship/error.h"

struct notes_file {
	const char *plain;      /* path */
	const char *first_line; /* of the format, with its line feed */
	const char *identity;   /* lines */
	size_t most;            /* bytes */
};

/*
 * Chooses the file of this identity, and reads it. The plain name belongs to the first identity that writes there, so
 * that notes of earlier versions stay in use. While that file is of another one, the name ends in a hash of this
 * identity: a repository and its mirror, verified with one spool, do not overwrite each other's notes.
 *
 * path: where to write the notes. *notes is the text behind the identity, within *text, which is the caller's to free;
 * NULL: there are no notes of this identity. STATUS_LOCAL: a file cannot be read.
 */
enum status notes_file_read(const struct notes_file *file, char *path, size_t path_size, char **text,
			    const char **notes, struct error *err);

#endif
