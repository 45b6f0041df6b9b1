/* Recognizes the words that PostgreSQL puts in place of %f and %p, to tell a restore_command from an archive_command.
 */
#ifndef WALSHIP_COMMAND_OPTIONS_PLACEHOLDER_H
#define WALSHIP_COMMAND_OPTIONS_PLACEHOLDER_H

enum placeholder {
	PLACEHOLDER_NONE,
	PLACEHOLDER_NAME,          /* a WAL file name: %f of both commands */
	PLACEHOLDER_ARCHIVED_PATH, /* pg_wal/ and a WAL file name: %p of an archive_command (pgarch.c) */
	PLACEHOLDER_RESTORED_PATH, /* any path to RECOVERYXLOG or RECOVERYHISTORY: %p of a restore_command (xlog.c,
				      timeline.c); pg_rewind gives the full path */
};

enum placeholder placeholder_of(const char *word);

#endif
