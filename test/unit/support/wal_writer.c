#include "wal_writer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"

#define HEADER 24

static struct error err;

static void put(struct wal_writer *writer, const void *data, size_t len)
{
	if (buffer_append(&writer->bytes, data, len, &err))
		abort();
}

void wal_writer_init(struct wal_writer *writer, uint32_t timeline, uint64_t begin_lsn, uint32_t segment_bytes)
{
	*writer = (struct wal_writer){
	    .begin_lsn = begin_lsn, .timeline = timeline, .segment_bytes = segment_bytes, .system_id = 42};
	crc32c_init(&writer->crc32c);
}

void wal_writer_fini(struct wal_writer *writer)
{
	buffer_fini(&writer->bytes);
}

uint64_t wal_writer_lsn(const struct wal_writer *writer)
{
	return writer->begin_lsn + writer->bytes.len;
}

/* The header of the page that begins here, with so many bytes of a record that goes on. */
static void page(struct wal_writer *writer, uint32_t remaining)
{
	uint64_t lsn = wal_writer_lsn(writer);
	struct segment_header header = segment_header_make(writer->timeline, 0, 0, writer->segment_bytes);
	bool first = lsn % writer->segment_bytes == 0;
	header.info = (uint16_t)((first ? 2 : 0) | (remaining > 0 ? 1 : 0));
	header.address = lsn;
	header.remaining = remaining;
	header.system_id = writer->system_id;
	put(writer, &header, first ? SEGMENT_HEADER_BYTES : HEADER);
}

/* The bytes of a record, with page headers between them. */
static void spread(struct wal_writer *writer, const uint8_t *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t room = WAL_WRITER_PAGE - wal_writer_lsn(writer) % WAL_WRITER_PAGE;
		if (room == WAL_WRITER_PAGE) {
			page(writer, done == 0 ? 0 : (uint32_t)(len - done));
			continue;
		}
		size_t piece = len - done < room ? len - done : room;
		put(writer, bytes + done, piece);
		done += piece;
	}
}

/* data: NULL for bytes of no meaning. */
static uint64_t record_of(struct wal_writer *writer, uint32_t xid, const uint8_t *data, size_t data_bytes, uint8_t info,
			  uint8_t manager)
{
	static const uint8_t zero[8];
	uint32_t total = (uint32_t)(HEADER + data_bytes);
	uint8_t *bytes = calloc(1, total);
	if (bytes == NULL)
		abort();
	put(writer, zero, -wal_writer_lsn(writer) % 8);
	if (wal_writer_lsn(writer) % WAL_WRITER_PAGE == 0)
		page(writer, 0);
	uint64_t lsn = wal_writer_lsn(writer);
	memcpy(bytes, &total, sizeof total);
	memcpy(bytes + 4, &xid, sizeof xid);
	memcpy(bytes + 8, &writer->previous, sizeof writer->previous);
	bytes[16] = info;
	bytes[17] = manager;
	for (size_t i = 0; i < data_bytes; i++)
		bytes[HEADER + i] = data != NULL ? data[i] : (uint8_t)(lsn / 8 + i * 7);
	uint32_t state = crc32c_add(&writer->crc32c, CRC32C_BEGIN, bytes + HEADER, data_bytes);
	uint32_t crc = crc32c_end(crc32c_add(&writer->crc32c, state, bytes, 20));
	memcpy(bytes + 20, &crc, sizeof crc);
	spread(writer, bytes, total);
	free(bytes);
	writer->previous = lsn;
	return lsn;
}

static uint64_t record(struct wal_writer *writer, const uint8_t *data, size_t data_bytes, uint8_t info, uint8_t manager)
{
	return record_of(writer, 0, data, data_bytes, info, manager);
}

/* A time and then a text, as PostgreSQL keeps them: behind the length of both. */
static uint64_t timed(struct wal_writer *writer, uint32_t xid, int64_t time_us, const char *text, size_t text_bytes,
		      uint8_t info, uint8_t manager)
{
	uint8_t data[128] = {255, (uint8_t)(8 + text_bytes)};
	int64_t timestamp = time_us - 946684800000000;
	memcpy(data + 2, &timestamp, sizeof timestamp);
	memcpy(data + 10, text, strlen(text));
	return record_of(writer, xid, data, 10 + text_bytes, info, manager);
}

uint64_t wal_writer_commit(struct wal_writer *writer, uint32_t xid, int64_t time_us)
{
	return timed(writer, xid, time_us, "", 0, 0x00, 1);
}

uint64_t wal_writer_abort(struct wal_writer *writer, uint32_t xid, int64_t time_us)
{
	return timed(writer, xid, time_us, "", 0, 0x20, 1);
}

uint64_t wal_writer_restore_point(struct wal_writer *writer, const char *name, int64_t time_us)
{
	return timed(writer, 0, time_us, name, 64, 0x70, 0);
}

uint64_t wal_writer_end_of_recovery(struct wal_writer *writer, int64_t time_us)
{
	return timed(writer, 0, time_us, "", 8, 0x90, 0);
}

uint64_t wal_writer_tablespace(struct wal_writer *writer, const char *location)
{
	uint8_t data[2 + 4 + 100] = {255}; /* its OID, and the directory */
	size_t len = strlen(location) + 1;
	data[1] = (uint8_t)(4 + len);
	memcpy(data + 6, location, len);
	return record(writer, data, 6 + len, 0x00, 5);
}

uint64_t wal_writer_record(struct wal_writer *writer, size_t data_bytes)
{
	return record(writer, NULL, data_bytes, 0x20, 10);
}

uint64_t wal_writer_level(struct wal_writer *writer, uint32_t wal_level)
{
	uint8_t data[30] = {255, 28};
	memcpy(data + 22, &wal_level, sizeof wal_level);
	return record(writer, data, sizeof data, 0x60, 0);
}

void wal_writer_switch(struct wal_writer *writer)
{
	static const uint8_t zero[1024];
	(void)record(writer, NULL, 0, 0x40, 0);
	while (wal_writer_lsn(writer) % writer->segment_bytes != 0) {
		uint64_t left = writer->segment_bytes - wal_writer_lsn(writer) % writer->segment_bytes;
		put(writer, zero, left < sizeof zero ? left : sizeof zero);
	}
}

void wal_writer_fill(struct wal_writer *writer, uint64_t lsn, size_t data_bytes)
{
	uint64_t end = lsn - lsn % writer->segment_bytes + writer->segment_bytes;
	while (wal_writer_lsn(writer) < end)
		(void)wal_writer_record(writer, data_bytes);
}
