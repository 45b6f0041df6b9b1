#include "restore/control_file.h"

#include <string.h>

#include "base/crc32c.h"
#include "text/hex.h"

#define CHECKPOINT_AT 32 /* ControlFileData.checkPoint, in PostgreSQL 11 and later */
#define CHECKPOINT_INVALID 0xDEADBEEFDEADBEEFU
#define CRC_MIN (CHECKPOINT_AT + 8) /* the CRC is the last field, and its place depends on the version */
#define CRC_MAX 512                 /* PG_CONTROL_MAX_SAFE_SIZE: the fields lie in one sector */

static uint32_t crc_of(const struct crc32c *crc32c, const uint8_t *bytes, size_t len)
{
	return crc32c_end(crc32c_add(crc32c, CRC32C_BEGIN, bytes, len));
}

/* The offset where the CRC of all bytes before it stands; 0: there is none. */
static size_t find_crc(const struct crc32c *crc32c, const uint8_t *bytes)
{
	for (size_t at = CRC_MIN; at <= CRC_MAX - sizeof(uint32_t); at += sizeof(uint32_t)) {
		uint32_t crc;
		memcpy(&crc, bytes + at, sizeof crc);
		if (crc == crc_of(crc32c, bytes, at))
			return at;
	}
	return 0;
}

enum status control_file_make(uint8_t out[CONTROL_FILE_BYTES], const char *digits, struct error *err)
{
	const uint64_t invalid = CHECKPOINT_INVALID;
	struct crc32c crc32c;
	size_t len = strlen(digits) / 2;
	crc32c_init(&crc32c);
	memset(out, 0, CONTROL_FILE_BYTES);
	bool decoded = len <= CONTROL_FILE_BYTES && strlen(digits) % 2 == 0 && hex_decode(out, digits, len);
	size_t at = decoded ? find_crc(&crc32c, out) : 0;
	if (at == 0)
		return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid %s", "pg_control");
	memcpy(out + CHECKPOINT_AT, &invalid, sizeof invalid);
	uint32_t crc = crc_of(&crc32c, out, at);
	memcpy(out + at, &crc, sizeof crc);
	return STATUS_OK;
}
