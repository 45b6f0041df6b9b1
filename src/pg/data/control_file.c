#include "pg/data/control_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "sys/read_file.h"

#define CRC_FIRST 200 /* of PostgreSQL 11: 288 */
#define CRC_LAST 508  /* PG_CONTROL_MAX_SAFE_SIZE is 512 */
#define READS_MAX 50
#define PAUSE_NS 10000000 /* the server rewrites the file at a checkpoint, or a few times a second in recovery */

size_t control_file_crc_at(const uint8_t content[CONTROL_FILE_BYTES])
{
	struct crc32c crc32c;
	crc32c_init(&crc32c);
	uint32_t state = crc32c_add(&crc32c, CRC32C_BEGIN, content, CRC_FIRST);
	for (size_t at = CRC_FIRST; at <= CRC_LAST; at += sizeof state) {
		uint32_t crc = crc32c_end(state);
		if (memcmp(&crc, content + at, sizeof crc) == 0)
			return at;
		state = crc32c_add(&crc32c, state, content + at, sizeof state);
	}
	return 0;
}

static enum status read_once(int data_directory, uint8_t out[CONTROL_FILE_BYTES], struct error *err)
{
	CLEANUP(fd_closep) int fd = openat(data_directory, CONTROL_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, STATUS_LOCAL, errno, "open " CONTROL_FILE);
	ssize_t got = read_file_open(fd, out, CONTROL_FILE_BYTES);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read " CONTROL_FILE);
	memset(out + got, 0, CONTROL_FILE_BYTES - (size_t)got);
	return STATUS_OK;
}

enum status control_file_read(int data_directory, uint8_t out[CONTROL_FILE_BYTES], struct error *err)
{
	for (int i = 0; i < READS_MAX; i++) {
		enum status st = read_once(data_directory, out, err);
		if (st || control_file_crc_at(out) > 0)
			return st;
		(void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	(void)error_set(err, STATUS_LOCAL, CONTROL_FILE " has a wrong CRC, however often it is read");
	return error_hint(err, STATUS_LOCAL, "pg_controldata shows whether the file is damaged");
}
