#include "pg/wal/record_mark.h"

#include <stddef.h>
#include <string.h>

/* access/rmgrlist.h */
#define MANAGER_XLOG 0
#define MANAGER_XACT 1
#define MANAGER_TABLESPACE 5

/* catalog/pg_control.h */
#define CHECKPOINT_SHUTDOWN 0x00
#define CHECKPOINT_ONLINE 0x10
#define RESTORE_POINT 0x70
#define END_OF_RECOVERY 0x90
#define XLOG_INFO 0xF0

/* commands/tablespace.h */
#define TABLESPACE_CREATE 0x00

/* access/xact.h */
#define XACT_OPERATION 0x70
#define COMMIT 0x00
#define ABORT 0x20
#define COMMIT_PREPARED 0x30
#define ABORT_PREPARED 0x40
#define XACT_HAS_INFO 0x80

/* Parts of such a record, in this order, by the bits of xl_xact_xinfo. */
#define HAS_DBINFO 0x01
#define HAS_SUBXACTS 0x02
#define HAS_RELATIONS 0x04
#define HAS_DROPPED_STATS 0x100 /* behind the relations; its items have 12 bytes, and 16 from PostgreSQL 18 on */
#define HAS_INVALIDATIONS 0x08
#define HAS_TWOPHASE 0x10 /* the ID of the prepared transaction */
#define DBINFO_BYTES 8
#define RELATION_BYTES 12     /* RelFileLocator */
#define INVALIDATION_BYTES 16 /* SharedInvalidationMessage */

/* access/xlogrecord.h: what may precede the main data of a record without blocks. */
#define BLOCK_ID_DATA_SHORT 255
#define BLOCK_ID_DATA_LONG 254
#define BLOCK_ID_ORIGIN 253
#define BLOCK_ID_TOPLEVEL_XID 252

#define CHECKPOINT_TIME_OFFSET 64           /* CheckPoint.time: pg_time_t, seconds since 1970 */
#define POSTGRES_EPOCH_US 946684800000000LL /* 2000-01-01: TimestampTz counts from there */

static bool is_transaction_end(uint8_t operation)
{
	return operation == COMMIT || operation == ABORT || operation == COMMIT_PREPARED || operation == ABORT_PREPARED;
}

bool record_mark_is_kind(uint8_t manager, uint8_t info)
{
	uint8_t kind = info & XLOG_INFO;
	if (manager == MANAGER_XLOG)
		return kind == CHECKPOINT_SHUTDOWN || kind == CHECKPOINT_ONLINE || kind == RESTORE_POINT ||
		       kind == END_OF_RECOVERY;
	if (manager == MANAGER_TABLESPACE)
		return kind == TABLESPACE_CREATE;
	return manager == MANAGER_XACT && is_transaction_end(info & XACT_OPERATION);
}

/* Moves *data to the main data. *len receives the bytes of it that are there, *whole all of its bytes. */
static bool find_main_data(const uint8_t **data, size_t *len, size_t *whole)
{
	const uint8_t *at = *data, *end = *data + *len;
	if (at < end && *at == BLOCK_ID_ORIGIN)
		at += 1 + sizeof(uint16_t);
	if (at < end && *at == BLOCK_ID_TOPLEVEL_XID)
		at += 1 + sizeof(uint32_t);
	if (end - at >= 2 && at[0] == BLOCK_ID_DATA_SHORT) {
		*whole = at[1];
		at += 2;
	} else if (end - at >= 5 && at[0] == BLOCK_ID_DATA_LONG) {
		uint32_t bytes;
		memcpy(&bytes, at + 1, sizeof bytes);
		*whole = bytes;
		at += 1 + sizeof bytes;
	} else {
		return false;
	}
	*data = at;
	*len = (size_t)(end - at) < *whole ? (size_t)(end - at) : *whole;
	return true;
}

static bool take_timestamp(struct record_mark *out, const uint8_t *data, size_t len)
{
	int64_t value;
	if (len < sizeof value)
		return false;
	memcpy(&value, data, sizeof value);
	return !__builtin_add_overflow(value, POSTGRES_EPOCH_US, &out->time_us);
}

static bool take_checkpoint(struct record_mark *out, const uint8_t *data, size_t len)
{
	int64_t seconds;
	if (len < CHECKPOINT_TIME_OFFSET + sizeof seconds)
		return false;
	memcpy(&seconds, data + CHECKPOINT_TIME_OFFSET, sizeof seconds);
	return !__builtin_mul_overflow(seconds, 1000000, &out->time_us);
}

static bool take_restore_point(struct record_mark *out, const uint8_t *data, size_t len)
{
	size_t name_len = len - sizeof(int64_t);
	if (len <= sizeof(int64_t) || name_len > sizeof out->name)
		return false;
	out->kind = MARK_RESTORE_POINT;
	memcpy(out->name, data + sizeof(int64_t), name_len);
	out->name[sizeof out->name - 1] = '\0';
	return take_timestamp(out, data, len);
}

/* An OID, and a path with its 0 byte. */
static bool take_tablespace(struct record_mark *out, const uint8_t *data, size_t len)
{
	if (len <= sizeof(uint32_t) || memchr(data + sizeof(uint32_t), 0, len - sizeof(uint32_t)) == NULL)
		return false;
	out->kind = MARK_TABLESPACE;
	out->location = (const char *)data + sizeof(uint32_t);
	return true;
}

static bool take_of_xlog(struct record_mark *out, uint8_t kind, const uint8_t *data, size_t len)
{
	out->kind = MARK_TIME;
	if (kind == RESTORE_POINT)
		return take_restore_point(out, data, len);
	return kind == END_OF_RECOVERY ? take_timestamp(out, data, len) : take_checkpoint(out, data, len);
}

/* Skips a count and so many items. */
static bool skip_items(const uint8_t **data, const uint8_t *end, size_t item_bytes)
{
	uint32_t count;
	if (end - *data < (ptrdiff_t)sizeof count)
		return false;
	memcpy(&count, *data, sizeof count);
	*data += sizeof count;
	if (count > (size_t)(end - *data) / item_bytes)
		return false;
	*data += count * item_bytes;
	return true;
}

/* ParseCommitRecord and ParseAbortRecord in xactdesc.c. data: behind the time. */
static uint32_t prepared_xid(const uint8_t *data, size_t len)
{
	const uint8_t *end = data + len;
	uint32_t parts, xid;
	if (len < sizeof parts)
		return 0;
	memcpy(&parts, data, sizeof parts);
	data += sizeof parts;
	if ((parts & HAS_TWOPHASE) == 0 || (parts & HAS_DROPPED_STATS) != 0)
		return 0;
	if ((parts & HAS_DBINFO) != 0 && end - data < DBINFO_BYTES)
		return 0;
	data += (parts & HAS_DBINFO) != 0 ? DBINFO_BYTES : 0;
	if (((parts & HAS_SUBXACTS) != 0 && !skip_items(&data, end, sizeof xid)) ||
	    ((parts & HAS_RELATIONS) != 0 && !skip_items(&data, end, RELATION_BYTES)) ||
	    ((parts & HAS_INVALIDATIONS) != 0 && !skip_items(&data, end, INVALIDATION_BYTES)) ||
	    end - data < (ptrdiff_t)sizeof xid)
		return 0;
	memcpy(&xid, data, sizeof xid);
	return xid;
}

bool record_mark_read(struct record_mark *out, uint8_t manager, uint8_t info, uint32_t xid, const uint8_t *data,
		      size_t len)
{
	size_t whole;
	*out = (struct record_mark){0};
	if (!record_mark_is_kind(manager, info) || !find_main_data(&data, &len, &whole))
		return false;
	if (manager == MANAGER_XLOG)
		return take_of_xlog(out, info & XLOG_INFO, data, len);
	if (manager == MANAGER_TABLESPACE)
		return take_tablespace(out, data, len);
	uint8_t operation = info & XACT_OPERATION;
	bool prepared = operation == COMMIT_PREPARED || operation == ABORT_PREPARED;
	out->kind = operation == COMMIT || operation == COMMIT_PREPARED ? MARK_COMMIT : MARK_ABORT;
	out->xid = xid;
	if (prepared)
		out->xid = (info & XACT_HAS_INFO) != 0 && len > sizeof(int64_t)
			       ? prepared_xid(data + sizeof(int64_t), len - sizeof(int64_t))
			       : 0;
	return take_timestamp(out, data, len);
}
