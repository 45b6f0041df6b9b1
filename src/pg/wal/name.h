/*
 * Names of the files that PostgreSQL archives (access/xlog_internal.h: XLogFileName, TLHistoryFileName,
 * BackupHistoryFileName, IsXLogFileName and related macros).
 */
#ifndef WALSHIP_PG_WAL_NAME_H
#define WALSHIP_PG_WAL_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

enum wal_kind {
	WAL_SEGMENT, /* 24 hexadecimal digits: timeline, log id, segment number within it */
	WAL_PARTIAL, /* a segment name and ".partial": the last segment of a timeline, cut off by a promotion */
	WAL_BACKUP,  /* a segment name, '.', 8 digits and ".backup": start and end of a base backup */
	WAL_HISTORY, /* 8 digits and ".history": the ancestors of a timeline */
};

#define WAL_NAME_MAX 48 /* the longest is a .backup name, 40 characters */

struct wal_name {
	enum wal_kind kind;
	uint32_t timeline;
	uint32_t log;     /* 0 for .history */
	uint32_t segment; /* 0 for .history */
	char text[WAL_NAME_MAX];
};

/*
 * Parses a WAL file name. STATUS_USAGE with a hint when text has none of the four forms. Digits must be uppercase, as
 * PostgreSQL writes them.
 */
enum status wal_name_parse(struct wal_name *out, const char *text, struct error *err);

/* As wal_name_parse, for the last component of a path. */
enum status wal_name_from_path(struct wal_name *out, const char *path, struct error *err);

#define WAL_SEGMENT_MIN (1024 * 1024) /* wal_segment_size is a power of two, 1 MB to 1 GB */
#define WAL_SEGMENT_MAX (1024 * 1024 * 1024)

bool wal_segment_size_is_valid(uint64_t bytes);

/*
 * Advances name to the next segment of its timeline. segment_bytes is wal_segment_size (access/xlog_internal.h,
 * XLByteToSeg and XLogFileName). Returns false and leaves name unchanged after the last possible segment, for a name
 * that is impossible with this size, and for other kinds.
 */
bool wal_name_next(struct wal_name *name, uint64_t segment_bytes);

/*
 * Gets the number of the segment that a segment, .partial or .backup name refers to: LSN / segment_bytes, so 0 is at
 * LSN 0/0. Returns false for .history, and for names that are impossible with this size.
 */
bool wal_name_number(const struct wal_name *name, uint32_t segment_bytes, uint64_t *out);

/* Makes the name of the segment with this number. */
void wal_name_of_number(struct wal_name *out, uint32_t timeline, uint64_t number, uint32_t segment_bytes);

/*
 * Parses a decimal system identifier at the start of text. Returns the position after it; NULL for 0, a sign, leading
 * zeros or more than 64 bits.
 */
const char *wal_system_id_read(const char *text, uint64_t *out);

#define WAL_OBJECT_NAME_MAX 128

/*
 * Makes the object name below the repository: "<system id>/wal/<timeline><log id>/<name>"; history files are one
 * directory higher.
 */
void wal_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_name *name);

/* Makes the object name of the timeline's history file. */
void wal_history_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, uint32_t timeline);

/* Parses such an object name. Returns false for any other. */
bool wal_object_parse(const char *object, uint64_t *system_id, struct wal_name *name);

#endif
