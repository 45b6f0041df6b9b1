/*
 * What was pushed ahead, noted in the spool: the archiver's own call for it finds the note, and has nothing left to do.
 * A note names the file that was pushed, not only its name, the repository that has it and what encrypted it; losing
 * one costs a repeated push and nothing else.
 */
#ifndef WALSHIP_COMMAND_ACKNOWLEDGEMENT_H
#define WALSHIP_COMMAND_ACKNOWLEDGEMENT_H

#include <stdbool.h>

#include "config/config.h"
#include "pg/wal/name.h"
#include "repo/identity.h"
#include "sys/spool.h"
#include "walship/push.h"

#define ACKNOWLEDGEMENT_FOLDER_MAX (SPOOL_PATH_MAX + 64)

struct acknowledgements {
	uint64_t system_id;          /* of their cluster */
	char identity[IDENTITY_MAX]; /* the repository that has the object, and the key that encrypts, as the call found
					it */
	char folder[ACKNOWLEDGEMENT_FOLDER_MAX];
};

/*
 * Each cluster has a folder of its own, and so has each copy of one (a standby beside its primary): told apart by the
 * folder that wal_path lies in. STATUS_LOCAL when there is no usable spool.
 */
enum status acknowledgements_open(struct acknowledgements *out, const struct config *config, uint64_t system_id,
				  const char *wal_path, struct error *err);

/* Whether there is a note for exactly this file. It is used up; one for another file of this name is thrown away. */
bool acknowledgement_take(const struct acknowledgements *notes, const char *name, const struct shipped *file);

/* The same, and it stays. */
bool acknowledgement_is_there(const struct acknowledgements *notes, const char *name, const struct shipped *file);

/*
 * Makes room for a note before its file is pushed: STATUS_LOCAL when there is none, for what cannot be noted would be
 * pushed in vain. The caller closes *fd. Until acknowledgement_confirm it answers for nothing.
 */
enum status acknowledgement_reserve(const struct acknowledgements *notes, const char *name, const struct shipped *file,
				    int *fd, struct error *err);
enum status acknowledgement_confirm(const struct acknowledgements *notes, int fd, const struct shipped *file,
				    struct error *err);
void acknowledgement_forget(const struct acknowledgements *notes, const char *name);

/* Throws away the notes of files that do not wait beside wal_path any more. */
void acknowledgements_sweep(const struct acknowledgements *notes, const char *wal_path);

#endif
