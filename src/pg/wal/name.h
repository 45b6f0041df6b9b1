/*
 * Names of the files that PostgreSQL archives (access/xlog_internal.h: XLogFileName, TLHistoryFileName,
 * BackupHistoryFileName; IsXLogFileName and its kin).
 */
#ifndef WALSHIP_PG_WAL_NAME_H
#define WALSHIP_PG_WAL_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "walship/error.h"

enum wal_kind {
	WAL_SEGMENT, /* 24 hexadecimal digits: timeline, log id, segment number within it */
	WAL_PARTIAL, /* a segment's name and ".partial": the last one of a timeline, cut off by promotion */
	WAL_BACKUP,  /* a segment's name, '.', 8 digits and ".backup": where a base backup began and ended */
	WAL_HISTORY, /* 8 digits and ".history": where a timeline comes from */
};

#define WAL_NAME_MAX 48 /* the longest is a .backup name, 40 characters */

struct wal_name {
	enum wal_kind kind;
	uint32_t timeline;
	uint32_t log;     /* 0 for .history */
	uint32_t segment; /* 0 for .history */
	char text[WAL_NAME_MAX];
};

/* STATUS_USAGE with a hint when text is none of the four kinds. Digits are uppercase, as PostgreSQL's are. */
enum status wal_name_parse(struct wal_name *out, const char *text, struct error *err);

/* As wal_name_parse, for the last component of a path. */
enum status wal_name_from_path(struct wal_name *out, const char *path, struct error *err);

#define WAL_SEGMENT_MIN (1024 * 1024) /* wal_segment_size is a power of two, 1 MB to 1 GB */
#define WAL_SEGMENT_MAX (1024 * 1024 * 1024)

bool wal_segment_size_is_valid(uint64_t bytes);

/*
 * The segment behind this one on its timeline, segment_bytes being wal_segment_size (access/xlog_internal.h,
 * XLByteToSeg and XLogFileName). False, and name as it was, behind the last that there can be, for names that no
 * segment of this size has, and for names of other kinds.
 */
bool wal_name_next(struct wal_name *name, uint64_t segment_bytes);

/*
 * Which segment of its timeline a segment, .partial or .backup is about, counted from 0 at LSN 0/0: LSN /
 * segment_bytes. False for .history, and for names that no segment of this size has.
 */
bool wal_name_number(const struct wal_name *name, uint32_t segment_bytes, uint64_t *out);

/* The segment of this number. */
void wal_name_of_number(struct wal_name *out, uint32_t timeline, uint64_t number, uint32_t segment_bytes);

/*
 * The decimal digits of a system identifier at the beginning of text; what stands behind them. NULL for what is none:
 * 0, a sign, zeros in front, more than 64 bits.
 */
const char *wal_system_id_read(const char *text, uint64_t *out);

#define WAL_OBJECT_NAME_MAX 128

/* The name below the repository: "<system id>/wal/<timeline><log id>/<name>", histories one directory up. */
void wal_object_name(char out[WAL_OBJECT_NAME_MAX], uint64_t system_id, const struct wal_name *name);

/* Such a name, taken apart. False for any other. */
bool wal_object_parse(const char *object, uint64_t *system_id, struct wal_name *name);

#endif
