#include "archive/fetch/part_join.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/fetch/part_ranges.h"
#include "base/cleanup.h"
#include "pg/wal/records.h"
#include "repo/object.h"

#define PIECE_BYTES (256 * 1024) /* of the file, for the check of the records */
#define SEGMENT_BYTES_OFFSET 32  /* xlp_seg_size in XLogLongPageHeaderData */

static enum status take(void *arg, const struct object_info *info, struct error *err)
{
	struct part_ranges *ranges = arg;
	struct wal_part part;
	uint64_t system_id;
	if (!wal_part_parse(info->name, &system_id, &part))
		return STATUS_OK;
	return part_ranges_add(ranges, part.first, part.end, err);
}

static enum status read_back(int fd, uint64_t at, void *out, size_t len, struct error *err)
{
	uint8_t *bytes = out;
	while (len > 0) {
		ssize_t got = pread(fd, bytes, len, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_errno(err, STATUS_LOCAL, got < 0 ? errno : EIO, "read the joined parts");
		bytes += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return STATUS_OK;
}

/* Where a part overlaps the one before, both must have the same bytes: they are of the same WAL. */
static enum status check_overlap(const struct part_join *join, const struct newfile *file,
				 const struct part_range *part, const struct buffer *bytes, struct error *err)
{
	size_t len = join->joined - part->first;
	CLEANUP(freep) uint8_t *there = len == 0 ? NULL : malloc(len);
	if (len == 0)
		return STATUS_OK;
	if (there == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = read_back(file->fd, part->first, there, len, err);
	return st || memcmp(there, bytes->data, len) == 0
		   ? st
		   : error_set(err, STATUS_DAMAGED, "its beginning differs from the part before it");
}

/* *usable: false with STATUS_OK if the part is missing or damaged. A part that lacks a key is neither. */
static enum status add_part(struct part_join *join, struct newfile *file, const struct part_range *range, bool *usable,
			    struct error *err)
{
	char name[WAL_OBJECT_NAME_MAX];
	CLEANUP(buffer_fini) struct buffer bytes = {.max = range->end - range->first};
	const struct wal_part part = {*join->segment, range->first, range->end};
	struct unseal_lack lack = {0};
	wal_part_object_name(name, join->system_id, &part);
	enum status st = object_read(join->repo, join->call, name, &bytes, &lack, err);
	if (!st && bytes.len != bytes.max)
		st = error_set(err, STATUS_DAMAGED, "%s is shorter than its name says", name);
	if (!st)
		st = check_overlap(join, file, range, &bytes, err);
	*usable = lack.lacks || (st != STATUS_DAMAGED && st != STATUS_MISSING);
	if (!*usable) {
		log_line(join->call->log, LEVEL_WARNING, "fetch %s: a streamed part cannot be used: %s",
			 join->segment->text, err->text);
		return STATUS_OK;
	}
	size_t known = join->joined - range->first;
	if (!st)
		st = newfile_write(file, bytes.data + known, bytes.len - known, err);
	if (!st)
		join->joined = range->end;
	return st;
}

static enum status join_parts(struct part_join *join, struct newfile *file, struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	CLEANUP(part_ranges_fini) struct part_ranges ranges = {0};
	struct part_range *part;
	uint32_t unusable_end = 0;
	wal_part_prefix(prefix, join->system_id, join->segment);
	enum status st = store_list(join->repo->store, join->call, prefix, take, &ranges, err);
	while (!st && (part = part_ranges_next(&ranges, join->joined)) != NULL) {
		bool usable;
		st = add_part(join, file, part, &usable, err);
		if (!usable) {
			unusable_end = part->end > unusable_end ? part->end : unusable_end;
			part->end = 0;
		}
	}
	/* Another part may have the bytes of the unusable part. */
	join->continues =
	    unusable_end > join->joined || (ranges.count > 0 && ranges.items[ranges.count - 1].first > join->joined);
	if (!st && join->joined == 0)
		return error_set(err, STATUS_MISSING, "%s: no streamed part begins this segment", join->segment->text);
	return st;
}

/*
 * The end of the last whole record, from the state after the bytes or at the first wrong one; begin_lsn: there is none.
 * A record counts once it is the previous one of the next. The end of a record of the segment before counts too, for it
 * may be the commit that a client was told of: recovery itself checks its CRC.
 */
static uint64_t whole_end(const struct records *records, uint64_t begin_lsn)
{
	if (records->begun_lsn == 0 && (records->in_record || !records->continued))
		return begin_lsn;
	if (records->begun_lsn != 0 && records->record_lsn != records->previous_lsn)
		return records->record_lsn == records->begun_lsn && !records->continued ? begin_lsn
											: records->record_lsn;
	return records->lsn - records->page_header_len;
}

static enum status check_records(struct part_join *join, const struct newfile *file, uint64_t begin_lsn,
				 struct error *err)
{
	struct records records;
	CLEANUP(freep) struct crc32c *crc32c = malloc(sizeof *crc32c);
	CLEANUP(freep) uint8_t *piece = malloc(PIECE_BYTES);
	enum status st = STATUS_OK;
	if (crc32c == NULL || piece == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	crc32c_init(crc32c);
	records_init(&records, crc32c, join->system_id, join->segment->timeline, begin_lsn, join->segment_bytes);
	for (uint32_t at = 0; !st && at < join->joined;) {
		uint32_t len = join->joined - at < PIECE_BYTES ? join->joined - at : PIECE_BYTES;
		st = read_back(file->fd, at, piece, len, err);
		if (!st)
			st = records_feed(&records, piece, len, err);
		at += len;
	}
	if (st && st != STATUS_CONFLICT)
		return st;
	if (st)
		log_line(join->call->log, LEVEL_INFO, "fetch %s: the streamed records end: %s", join->segment->text,
			 err->text);
	/* All of the segment: its last record may go on in the next one. */
	if (!st && join->joined == join->segment_bytes)
		join->kept = join->joined;
	else
		join->kept = (uint32_t)(whole_end(&records, begin_lsn) - begin_lsn);
	if (join->kept == 0)
		return error_set(err, STATUS_MISSING, "%s: the streamed parts have no whole record",
				 join->segment->text);
	return STATUS_OK;
}

static enum status find_size(struct part_join *join, const struct newfile *file, uint64_t *begin_lsn, struct error *err)
{
	uint64_t number;
	if (join->joined < PAGE_HEADER_MAX)
		return error_set(err, STATUS_MISSING, "%s: the streamed parts have no whole record",
				 join->segment->text);
	enum status st =
	    read_back(file->fd, SEGMENT_BYTES_OFFSET, &join->segment_bytes, sizeof join->segment_bytes, err);
	if (st)
		return st;
	if (!wal_segment_size_is_valid(join->segment_bytes) || join->joined > join->segment_bytes ||
	    !wal_name_number(join->segment, join->segment_bytes, &number))
		return error_set(err, STATUS_DAMAGED, "%s: the first page of the streamed parts is not valid",
				 join->segment->text);
	*begin_lsn = number * join->segment_bytes;
	return STATUS_OK;
}

enum status part_join(struct part_join *join, struct newfile *file, struct error *err)
{
	uint64_t begin_lsn = 0;
	enum status st = join_parts(join, file, err);
	if (!st)
		st = find_size(join, file, &begin_lsn, err);
	if (!st)
		st = check_records(join, file, begin_lsn, err);
	/* Both cut off what is not whole, and fill with zeros. */
	if (!st && (ftruncate(file->fd, join->kept) != 0 || ftruncate(file->fd, join->segment_bytes) != 0))
		st = error_errno(err, STATUS_LOCAL, errno, "fill the segment with zeros");
	return st;
}
