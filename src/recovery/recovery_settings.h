/*
 * What a restored server is told about its recovery: postgresql.auto.conf and the signal file (PostgreSQL
 * documentation, "Archive Recovery", "Recovery Target").
 */
#ifndef WALSHIP_RECOVERY_SETTINGS_H
#define WALSHIP_RECOVERY_SETTINGS_H

#include "base/buffer.h"
#include "catalog/manifest.h"
#include "recovery/target.h"

struct recovery_settings {
	const char *directory; /* the data directory */
	const struct manifest *manifest;
	const struct target *target;
	uint32_t timeline;           /* to follow; 0: the latest */
	bool no_history;             /* the archive lacks its history, and it is the backup's own */
	const char *restore_command; /* as the server runs it */
	bool archive_off;
	bool no_read_ahead; /* WAL behind the target cannot be read: recovery is not to ask for it */
};

/* What there is to say about the settings that the server finds. */
struct recovery_notes {
	bool no_postgresql_conf; /* the data directory has none: it lies elsewhere */
	struct buffer minimum;   /* "max_connections = 200, ...": the least that the server needs; "" for none */
	bool minimum_written;    /* as no file of the data directory had them */
};

/*
 * Replaces postgresql.auto.conf: without the old recovery settings, with the new ones at its end; and makes
 * recovery.signal or standby.signal the only signal file. As root it gives both to the directory's owner. STATUS_LOCAL.
 * recovery_notes_fini whatever happens.
 */
enum status recovery_settings_write(const struct recovery_settings *settings, struct recovery_notes *notes,
				    struct error *err);
void recovery_notes_fini(struct recovery_notes *notes);

/*
 * Appends the new content: that of the old file, without the settings that recovery_settings replaces, and then those.
 * postgresql_conf: the text of the file of that name; NULL: there is none.
 */
enum status recovery_settings_text(struct buffer *out, const struct recovery_settings *settings, const char *old,
				   const char *postgresql_conf, struct recovery_notes *notes, struct error *err);

/* Appends a word of a command for the shell, in which PostgreSQL replaces %: quoted where necessary. */
enum status recovery_command_word(struct buffer *out, const char *word, struct error *err);

#endif
