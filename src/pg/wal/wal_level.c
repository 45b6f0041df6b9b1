#include "pg/wal/wal_level.h"

#include <string.h>

#define BLOCK_ID_DATA_SHORT 255 /* XLR_BLOCK_ID_DATA_SHORT: the length of the data follows in one byte */
#define MINIMAL 0               /* WAL_LEVEL_MINIMAL */

/* xl_parameter_change: max_wal_senders, before wal_level, came with PostgreSQL 12. */
static const struct {
	uint8_t struct_bytes, level_offset;
} layouts[] = {{28, 20}, {24, 16}};

void wal_level_see(struct wal_level_seen *seen, const uint8_t *data, size_t len)
{
	uint32_t level;
	if (len < 2 || data[0] != BLOCK_ID_DATA_SHORT || data[1] != len - 2)
		return;
	for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
		if (data[1] != layouts[i].struct_bytes)
			continue;
		memcpy(&level, data + 2 + layouts[i].level_offset, sizeof level);
		seen->told = true;
		seen->minimal = level == MINIMAL;
		seen->fell |= seen->minimal;
	}
}
