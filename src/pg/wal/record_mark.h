/*
 * The records of WAL that recovery targets refer to: ends of transactions, and restore points (access/xact.h:
 * xl_xact_commit, xl_xact_abort; access/xlog_internal.h: xl_restore_point, xl_end_of_recovery; catalog/pg_control.h:
 * CheckPoint). And those that make a tablespace outside of the data directory (commands/tablespace.h:
 * xl_tblspc_create_rec).
 */
#ifndef WALSHIP_PG_WAL_RECORD_MARK_H
#define WALSHIP_PG_WAL_RECORD_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_mark_kind {
	MARK_COMMIT,
	MARK_ABORT,
	MARK_RESTORE_POINT,
	MARK_TABLESPACE, /* CREATE TABLESPACE */
	MARK_TIME,       /* a record that is no target, but has a time: of a checkpoint, or of the end of a recovery */
};

#define RECORD_MARK_NAME_MAX 64 /* MAXFNAMELEN */

struct record_mark {
	enum record_mark_kind kind;
	uint64_t lsn, end_lsn; /* of the record: its first byte, and the first one behind it */
	uint32_t xid;          /* of commits and aborts; 0: unknown, of a prepared transaction with a long record */
	int64_t time_us;       /* UTC, since 1970; 0 for a tablespace */
	char name[RECORD_MARK_NAME_MAX]; /* of a restore point */
	const char *location; /* of a tablespace: its directory; valid during the callback; "" for one in place */
};

/*
 * As many bytes of a record's data, which follows its header, as record_mark_read takes. A checkpoint has 90; the ID of
 * a prepared transaction follows its invalidation messages of 16 bytes each, of which a CREATE TABLE has some 30.
 */
#define RECORD_MARK_BYTES 1024

/* Whether a record of this resource manager and these info bits may be one; its data must be kept then. */
bool record_mark_is_kind(uint8_t manager, uint8_t info);

/*
 * Fills kind, xid, time, name and location. A tablespace whose directory's path has more than 1000 bytes is not
 * reported. data: the first bytes of the record's data, RECORD_MARK_BYTES or all of them.
 * Returns false for other records, and for a layout that is not known.
 */
bool record_mark_read(struct record_mark *out, uint8_t manager, uint8_t info, uint32_t xid, const uint8_t *data,
		      size_t len);

#endif
