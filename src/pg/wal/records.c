#include "pg/wal/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* XLogPageHeaderData and, at the beginning of a segment, XLogLongPageHeaderData: xlp_... */
struct page {
	uint16_t magic;
	uint16_t info;
	uint32_t timeline;
	uint64_t address;
	uint32_t remaining; /* of the record that continues here */
	uint32_t padding;
	uint64_t system_id;
	uint32_t segment_bytes;
	uint32_t page_bytes;
};
#define SHORT_HEADER_BYTES 24
_Static_assert(sizeof(struct page) == PAGE_HEADER_MAX, "the long page header has 40 bytes");

enum {
	CONTINUES = 0x0001, /* XLP_FIRST_IS_CONTRECORD */
	LONG_HEADER = 0x0002,
	OVERWRITTEN = 0x0008, /* XLP_FIRST_IS_OVERWRITE_CONTRECORD: a crash lost the rest of the previous record */
	ALL_FLAGS = 0x000F,
};

/* XLogRecord: xl_... */
struct record {
	uint32_t total;
	uint32_t xid;
	uint64_t previous;
	uint8_t info;
	uint8_t manager;
	uint16_t padding;
	uint32_t crc;
};
#define CRC_OFFSET 20
_Static_assert(sizeof(struct record) == RECORD_HEADER_BYTES, "the record header has 24 bytes");

#define MAGIC_NEWEST 0xD118   /* PostgreSQL 18 */
#define MANAGER_XLOG 0        /* RM_XLOG_ID */
#define XLOG_SWITCH 0x40      /* catalog/pg_control.h */
#define PARAMETER_CHANGE 0x60 /* XLOG_PARAMETER_CHANGE */
#define INFO_OF_MANAGER 0xF0  /* the other bits are XLR_INFO_MASK */
#define RECORD_MAX (1U << 30) /* XLogRecordMaxSize is a little less */
#define ALIGNMENT 8           /* MAXIMUM_ALIGNOF */
#define PAGE_BYTES_MIN 1024   /* --with-wal-blocksize */
#define PAGE_BYTES_MAX 65536

static enum status refuse(struct error *err, uint64_t lsn, const char *what)
{
	return error_set(err, STATUS_CONFLICT, "at %" PRIX32 "/%08" PRIX32 ": %s", (uint32_t)(lsn >> 32), (uint32_t)lsn,
			 what);
}

void records_init(struct records *records, const struct crc32c *crc32c, uint64_t system_id, uint32_t timeline,
		  uint64_t lsn, uint32_t segment_bytes)
{
	*records = (struct records){
	    .crc32c = crc32c, .system_id = system_id, .timeline = timeline, .lsn = lsn, .segment_bytes = segment_bytes};
}

bool records_are_open(const struct records *records)
{
	return records->in_record;
}

bool records_are_newer(const struct records *records)
{
	uint16_t magic = records->magic;
	/* The first page itself may have failed the check. */
	if (magic == 0)
		memcpy(&magic, records->page_header, sizeof magic);
	return magic > MAGIC_NEWEST;
}

static bool at_segment_begin(const struct records *records)
{
	return records->lsn % records->segment_bytes == 0;
}

/*
 * Pages.
 */

static const char *check_first_page(const struct records *records, const struct page *page)
{
	if ((page->info & LONG_HEADER) == 0)
		return "the segment's first page has a short header";
	if (page->system_id != records->system_id)
		return "the page belongs to another cluster";
	if (page->segment_bytes != records->segment_bytes)
		return "the page belongs to a cluster with a different wal_segment_size";
	if (page->page_bytes < PAGE_BYTES_MIN || page->page_bytes > PAGE_BYTES_MAX ||
	    (page->page_bytes & (page->page_bytes - 1)) != 0)
		return "the page header has no valid page size";
	return NULL;
}

static const char *check_page(const struct records *records, const struct page *page, uint64_t address)
{
	bool first = address % records->segment_bytes == 0;
	if (first) {
		const char *wrong = check_first_page(records, page);
		if (wrong != NULL)
			return wrong;
	} else if (page->magic != records->magic || (page->info & LONG_HEADER) != 0) {
		return "the page header does not belong to this segment";
	}
	if ((page->info & ~ALL_FLAGS) != 0)
		return "the page header has unknown flags";
	if (page->address != address)
		return "the page has a different address";
	if (page->timeline > records->timeline || page->timeline < records->page_timeline)
		return "the page belongs to another timeline";
	return NULL;
}

/* Checks the page header against the record that did or did not begin before. */
static const char *check_continuation(struct records *records, const struct page *page, bool first_page)
{
	bool continues = (page->info & CONTINUES) != 0;
	if (first_page && continues) {
		records->in_record = records->skipped = records->continued = true;
		records->left = page->remaining;
		/* This may be the end of a header-only record such as XLOG_SWITCH, which began aligned. */
		bool in_header = page->remaining < RECORD_HEADER_BYTES && page->remaining % ALIGNMENT == 0;
		records->header_len = RECORD_HEADER_BYTES - (in_header ? page->remaining : 0);
		return page->remaining == 0 ? "the page continues a record, but the continuation is empty" : NULL;
	}
	if (records->in_record && (page->info & OVERWRITTEN) != 0) {
		records->in_record = records->skipped = false;
		return NULL;
	}
	if (records->in_record != continues)
		return continues ? "the page continues a record that did not begin"
				 : "the page does not continue the record of the previous page";
	if (continues && page->remaining != records->left)
		return "continuation length does not match the record";
	return NULL;
}

static enum status begin_page(struct records *records, struct error *err)
{
	struct page page = {0};
	uint64_t address = records->lsn - records->page_header_len;
	memcpy(&page, records->page_header, records->page_header_len);
	bool first_page = records->page_bytes == 0;
	const char *wrong = check_page(records, &page, address);
	if (wrong == NULL && records->page_header_len == PAGE_HEADER_MAX) {
		records->magic = page.magic;
		records->page_bytes = page.page_bytes;
	}
	if (wrong == NULL)
		wrong = check_continuation(records, &page, first_page);
	if (wrong != NULL)
		return refuse(err, address, wrong);
	records->page_timeline = page.timeline;
	records->page_left = records->page_bytes - (uint32_t)records->page_header_len;
	records->page_header_len = 0;
	return STATUS_OK;
}

/* Returns the number of bytes used. */
static size_t take_page_header(struct records *records, const uint8_t *data, size_t len)
{
	bool at_begin = (records->lsn - records->page_header_len) % records->segment_bytes == 0;
	size_t wanted = (at_begin ? PAGE_HEADER_MAX : SHORT_HEADER_BYTES) - records->page_header_len;
	size_t take = len < wanted ? len : wanted;
	memcpy(records->page_header + records->page_header_len, data, take);
	records->page_header_len += take;
	records->lsn += take;
	return take;
}

static bool has_page_header(const struct records *records)
{
	bool at_begin = (records->lsn - records->page_header_len) % records->segment_bytes == 0;
	return records->page_header_len == (at_begin ? PAGE_HEADER_MAX : SHORT_HEADER_BYTES);
}

/*
 * Records.
 */

static void begin_record(struct records *records)
{
	records->in_record = true;
	records->record_lsn = records->lsn;
	records->header_len = 0;
	records->left = 0;
	records->has_level = records->has_mark = false;
	records->crc = CRC32C_BEGIN;
	if (records->begun_lsn == 0)
		records->begun_lsn = records->lsn;
}

static bool is_of_xlog(const struct records *records, uint8_t info)
{
	struct record record;
	memcpy(&record, records->header, sizeof record);
	return record.manager == MANAGER_XLOG && (record.info & INFO_OF_MANAGER) == info;
}

static void report_mark(const struct records *records, const struct record *record)
{
	struct record_mark mark;
	if (!record_mark_read(&mark, record->manager, record->info, record->xid, records->data, records->data_len))
		return;
	mark.lsn = records->record_lsn;
	mark.end_lsn = records->lsn;
	records->marked(records->mark_arg, &mark);
}

static enum status check_record(struct records *records, struct error *err)
{
	struct record record;
	memcpy(&record, records->header, sizeof record);
	uint32_t crc = crc32c_end(crc32c_add(records->crc32c, records->crc, records->header, CRC_OFFSET));
	if (crc != record.crc)
		return refuse(err, records->record_lsn, "the CRC of the WAL record does not match");
	if (records->previous_lsn != 0 && record.previous != records->previous_lsn)
		return refuse(err, records->record_lsn, "the WAL record does not link to the previous record");
	records->previous_lsn = records->record_lsn;
	records->count++;
	/* The rest of this segment is unused (XLogReadRecord in xlogreader.c). */
	records->switched = is_of_xlog(records, XLOG_SWITCH) && !at_segment_begin(records);
	if (records->has_level)
		wal_level_see(&records->level, records->data, records->data_len);
	if (records->has_mark)
		report_mark(records, &record);
	return STATUS_OK;
}

/* Handles the last byte of a record. */
static enum status end_record(struct records *records, struct error *err)
{
	enum status st = STATUS_OK;
	if (records->skipped) {
		records->previous_lsn = 0;
		records->may_switch = is_of_xlog(records, XLOG_SWITCH);
	} else {
		st = check_record(records, err);
	}
	records->in_record = records->skipped = false;
	records->pad = (uint32_t)(-records->lsn % ALIGNMENT);
	return st;
}

static enum status check_length(struct records *records, struct error *err)
{
	uint32_t total;
	memcpy(&total, records->header, sizeof total);
	if (total == 0 && records->count == 0 && records->may_switch) {
		/* The switch began in the previous segment, and this one is empty (ReserveXLogSwitch in xlog.c). */
		records->in_record = false;
		records->switched = true;
		return STATUS_OK;
	}
	if (total == 0)
		return refuse(err, records->record_lsn,
			      "the WAL records end before the segment ends, without an XLOG_SWITCH record");
	if (total < RECORD_HEADER_BYTES || total > RECORD_MAX)
		return refuse(err, records->record_lsn, "the WAL record length is invalid");
	records->left = total - (uint32_t)records->header_len;
	return STATUS_OK;
}

/* Called when the header of a record is complete. */
static void note_kind(struct records *records)
{
	records->has_level =
	    !records->skipped && is_of_xlog(records, PARAMETER_CHANGE) && records->left <= WAL_LEVEL_RECORD_BYTES;
	struct record record;
	memcpy(&record, records->header, sizeof record);
	records->has_mark =
	    !records->skipped && records->marked != NULL && record_mark_is_kind(record.manager, record.info);
	records->data_len = 0;
}

static void keep_data(struct records *records, const uint8_t *data, size_t len)
{
	size_t room = sizeof records->data - records->data_len;
	size_t keep = len < room ? len : room;
	memcpy(records->data + records->data_len, data, keep);
	records->data_len += keep;
}

/*
 * Keeps the header, whose CRC comes last, and adds the other bytes to the CRC. *took receives the number of bytes used.
 */
static enum status take_record(struct records *records, const uint8_t *data, size_t len, size_t *took,
			       struct error *err)
{
	enum status st = STATUS_OK;
	size_t most = RECORD_HEADER_BYTES - records->header_len;
	bool in_header = most > 0;
	/* The length comes first, and never crosses a page. */
	if (in_header && records->header_len < sizeof(uint32_t))
		most = sizeof(uint32_t) - records->header_len;
	else if (!in_header || most > records->left)
		most = records->left;
	*took = len < most ? len : most;
	if (in_header) {
		bool short_of_length = records->header_len < sizeof(uint32_t);
		memcpy(records->header + records->header_len, data, *took);
		records->header_len += *took;
		if (!short_of_length)
			records->left -= (uint32_t)*took;
		else if (records->header_len == sizeof(uint32_t))
			st = check_length(records, err);
		if (records->header_len == RECORD_HEADER_BYTES)
			note_kind(records);
	} else {
		if (records->has_level || records->has_mark)
			keep_data(records, data, *took);
		if (!records->skipped)
			records->crc = crc32c_add(records->crc32c, records->crc, data, *took);
		records->left -= (uint32_t)*took;
	}
	records->lsn += *took;
	bool complete = records->left == 0 && (records->skipped || records->header_len == RECORD_HEADER_BYTES);
	return st || !complete ? st : end_record(records, err);
}

/* Skips unused bytes up to the next record or the end of the segment. */
static size_t skip_padding(struct records *records, size_t len)
{
	uint64_t to_end = records->segment_bytes - records->lsn % records->segment_bytes;
	size_t take =
	    records->switched ? (len < to_end ? len : (size_t)to_end) : (len < records->pad ? len : records->pad);
	records->lsn += take;
	if (!records->switched) {
		records->pad -= (uint32_t)take;
		records->page_left -= (uint32_t)take;
	} else if (at_segment_begin(records)) {
		records->switched = false;
		records->page_left = records->pad = 0;
	}
	return take;
}

static enum status take_on_page(struct records *records, const uint8_t *data, size_t len, size_t *took,
				struct error *err)
{
	size_t most = len < records->page_left ? len : records->page_left;
	if (!records->in_record)
		begin_record(records);
	enum status st = take_record(records, data, most, took, err);
	records->page_left -= (uint32_t)*took;
	return st;
}

enum status records_feed(struct records *records, const void *data, size_t len, struct error *err)
{
	const uint8_t *bytes = data;
	enum status st = STATUS_OK;
	while (!st && len > 0) {
		size_t took = 0;
		if (records->switched || (records->pad > 0 && records->page_left > 0)) {
			took = skip_padding(records, len);
		} else if (records->page_left == 0) {
			took = take_page_header(records, bytes, len);
			if (has_page_header(records))
				st = begin_page(records, err);
		} else {
			st = take_on_page(records, bytes, len, &took, err);
		}
		bytes += took;
		len -= took;
	}
	return st;
}
