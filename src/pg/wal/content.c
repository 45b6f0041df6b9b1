#include "pg/wal/content.h"
#include "text/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* XLogLongPageHeaderData of 64-bit little-endian PostgreSQL since 9.3. */
struct page_header {
	uint16_t magic;
	uint16_t info;
	uint32_t timeline;
	uint64_t address;
	uint32_t remaining;
	uint32_t padding;
	uint64_t system_id;
	uint32_t segment_bytes;
	uint32_t page_bytes;
};
_Static_assert(sizeof(struct page_header) == 40, "the long page header has 40 bytes");

/* XLOG_PAGE_MAGIC is 0xD093 in 9.6, 0xD110 in 15, 0xD118 in 18; each release increases it a little. */
#define MAGIC_MIN 0xD090
#define MAGIC_MAX 0xD2FF
#define LONG_HEADER 0x0002 /* XLP_LONG_HEADER */

static enum status refuse(struct error *err, const char *what)
{
	(void)error_set(err, STATUS_CONFLICT, "damaged: %s", what);
	return error_hint(err, STATUS_CONFLICT, "check it with pg_waldump; recovery cannot use such a file");
}

static enum status check_sizes(const struct page_header *page, const struct wal_head *head, struct error *err)
{
	uint32_t segment = page->segment_bytes;
	if (!wal_segment_size_is_valid(segment))
		return refuse(err, "its first page header has no valid segment size");
	if (head->size != segment) {
		(void)error_set(err, STATUS_CONFLICT, "damaged: %" PRIu64 " bytes, but its header says %" PRIu32,
				head->size, segment);
		return error_hint(err, STATUS_CONFLICT, "the copy is cut off: archive the file that the server wrote");
	}
	return STATUS_OK;
}

/* Checks page address and timeline against the name. */
static enum status check_position(const struct wal_name *name, const struct page_header *page, struct error *err)
{
	uint64_t start = ((uint64_t)name->log << 32) + (uint64_t)name->segment * page->segment_bytes;
	if ((uint64_t)name->segment * page->segment_bytes > UINT32_MAX) {
		(void)error_set(err, STATUS_CONFLICT, "no segment of %" PRIu32 " bytes has this name",
				page->segment_bytes);
		return error_hint(err, STATUS_CONFLICT, "the file was renamed, or comes from another cluster");
	}
	if (page->address != start) {
		(void)error_set(err, STATUS_CONFLICT,
				"its first page is at %" PRIX32 "/%" PRIX32 ", but the name says %" PRIX32 "/%" PRIX32,
				(uint32_t)(page->address >> 32), (uint32_t)page->address, (uint32_t)(start >> 32),
				(uint32_t)start);
		return error_hint(err, STATUS_CONFLICT, "the file was renamed, or recycled and not yet written");
	}
	if (page->timeline == 0 || page->timeline > name->timeline) {
		(void)error_set(err, STATUS_CONFLICT,
				"its first page belongs to timeline %" PRIu32 ", but the name says %" PRIu32,
				page->timeline, name->timeline);
		return error_hint(err, STATUS_CONFLICT, "the file was renamed");
	}
	return STATUS_OK;
}

static enum status check_segment(const struct wal_name *name, const struct wal_head *head, uint64_t *system_id,
				 struct error *err)
{
	struct page_header page;
	if (head->len < sizeof page)
		return refuse(err, "too short for a page header");
	memcpy(&page, head->bytes, sizeof page);
	if (page.magic < MAGIC_MIN || page.magic > MAGIC_MAX || (page.info & LONG_HEADER) == 0) {
		char what[64];
		(void)snprintf(what, sizeof what, "does not begin with a WAL page header (magic %04X)", page.magic);
		return refuse(err, what);
	}
	enum status st = check_sizes(&page, head, err);
	if (!st)
		st = check_position(name, &page, err);
	if (!st && page.system_id == 0)
		st = refuse(err, "its first page header has no system identifier");
	*system_id = page.system_id;
	return st;
}

/* Returns the end of the line, or of the head. */
static const char *line_end(const char *line, const char *end)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));
	return newline == NULL ? end : newline;
}

/* "<parent timeline>\t<high>/<low>\t..." (writeTimeLineHistory in timeline.c); '#' begins a comment. */
static bool is_history_line(const char *line, size_t len, uint32_t timeline)
{
	uint64_t parent;
	const char *end = line + len;
	const char *at = line + strspn(line, " \t");
	return at < end && number_take(&at, end, 10, UINT32_MAX, &parent) && parent > 0 && parent < timeline &&
	       at < end && (*at == '\t' || *at == ' ') && memchr(at, '/', (size_t)(end - at)) != NULL;
}

static enum status check_history(const struct wal_name *name, const struct wal_head *head, struct error *err)
{
	char text[WAL_HEAD_BYTES + 1];
	memcpy(text, head->bytes, head->len);
	text[head->len] = '\0';
	const char *end = text + head->len;
	for (const char *line = text; line < end; line = line_end(line, end) + 1) {
		size_t len = (size_t)(line_end(line, end) - line);
		size_t blank = strspn(line, " \t\r");
		if (blank >= len || line[blank] == '#')
			continue;
		if (is_history_line(line, len, name->timeline))
			return STATUS_OK;
		break;
	}
	return refuse(err, "does not begin like a timeline history file");
}

static enum status check_backup(const struct wal_head *head, struct error *err)
{
	static const char begin[] = "START WAL LOCATION: ";
	if (head->len < sizeof begin - 1 || memcmp(head->bytes, begin, sizeof begin - 1) != 0)
		return refuse(err, "does not begin like a backup history file");
	return STATUS_OK;
}

enum status wal_content_check(const struct wal_name *name, const struct wal_head *head, uint64_t *system_id,
			      struct error *err)
{
	uint64_t ignored;
	if (system_id == NULL)
		system_id = &ignored;
	*system_id = 0;
	if (head->size == 0)
		return refuse(err, "is empty");
	switch (name->kind) {
	case WAL_SEGMENT:
	case WAL_PARTIAL:
		return check_segment(name, head, system_id, err);
	case WAL_BACKUP:
		return check_backup(head, err);
	case WAL_HISTORY:
		return check_history(name, head, err);
	}
	return refuse(err, "of unknown kind");
}

uint32_t wal_content_segment_bytes(const uint8_t *head)
{
	struct page_header page;
	memcpy(&page, head, sizeof page);
	bool good = page.magic >= MAGIC_MIN && page.magic <= MAGIC_MAX && (page.info & LONG_HEADER) != 0 &&
		    wal_segment_size_is_valid(page.segment_bytes);
	return good ? page.segment_bytes : 0;
}
