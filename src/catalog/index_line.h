/*
 * The lines of a backup's index, as doc/format.md has them. The line of a directory or file is followed by those of its
 * content: runs of blocks of PAGE_BYTES bytes, in order and without a hole between them.
 *
 *     d MODE PATH [LINK]
 *     f MODE SIZE MODIFIED CHANGED INODE PATH [LINK]
 *     r BLOCK COUNT BACKUP PACK OFFSET BYTES NUMBER AT
 *     z BLOCK COUNT
 *
 * One tab is between two fields. MODE is octal, times are nanoseconds since 1970. In PATH and LINK, the text of the
 * symbolic link that the path was, a control character or '\' is '\' and three octal digits.
 */
#ifndef WALSHIP_CATALOG_INDEX_LINE_H
#define WALSHIP_CATALOG_INDEX_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "format/pack.h"

struct index_entry {
	bool is_directory;
	unsigned mode;    /* permission bits */
	const char *path; /* below the data directory, of plain components */
	const char *link; /* NULL: not a symbolic link */
	uint64_t size;    /* of a file, as the fields below */
	int64_t modified_ns, changed_ns;
	uint64_t inode;
};

struct index_run {
	uint64_t block, count; /* of the file */
	bool is_zero;          /* not stored: all bytes are 0, and the fields below are unused */
	uint32_t backup;       /* 0: this one; else a number in the manifest's list of backups */
	uint32_t pack;
	struct pack_place frame;
	uint32_t at; /* in the frame's content. A file's last block may be short, others are PAGE_BYTES long */
};

enum index_line_kind { INDEX_LINE_ENTRY, INDEX_LINE_RUN };

struct index_line {
	enum index_line_kind kind;
	struct index_entry entry; /* its texts are part of the line */
	struct index_run run;
};

enum status index_put_entry(struct buffer *out, const struct index_entry *entry, struct error *err);
enum status index_put_run(struct buffer *out, const struct index_run *run, struct error *err);

/*
 * Reads one line, without its newline; its bytes are changed. STATUS_DAMAGED for a line that the functions above would
 * not write: even in a forged index no path leads out of the data directory.
 */
enum status index_parse(struct index_line *out, char *line, struct error *err);

#endif
