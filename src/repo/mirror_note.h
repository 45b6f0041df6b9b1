/* What the spool remembers of the runs of walship mirror, for each copy: walship status reads it. */
#ifndef WALSHIP_REPO_MIRROR_NOTE_H
#define WALSHIP_REPO_MIRROR_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "walship/error.h"

#define MIRROR_NOTE_NAME_MAX 160 /* an object below wal/ */
#define MIRROR_NOTE_ERROR_MAX 512

struct mirror_note {
	int64_t succeeded_s;                   /* UTC, begin of the last run that succeeded; 0: none */
	int64_t ended_s;                       /* UTC, end of the last run, whatever it came to */
	uint64_t failures;                     /* in a row */
	uint64_t behind_objects, behind_bytes; /* that the copy lacked when the last run that compared all ended */
	char newest[MIRROR_NOTE_NAME_MAX]; /* the newest segment that such a run found in the copy, or copied; "": none
					    */
	char error[MIRROR_NOTE_ERROR_MAX]; /* of the last run; "": it succeeded */
};

/* False, with *out zero, where there is no note of this copy. spool as for spool_path. */
bool mirror_note_read(struct mirror_note *out, const char *spool, const char *copy_url);

enum status mirror_note_write(const struct mirror_note *mirror, const char *spool, const char *copy_url,
			      struct error *err);

#endif
