/* Page headers, histories and backup files, under names of each kind. */
#include <string.h>

#include "pg/wal/content.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"000000010000000000000003", "000000020000000A00000003.partial",
					    "000000010000000000000002.00000028.backup", "00000003.history"};
	static uint8_t bytes[2 * WAL_HEAD_BYTES];
	struct error err;
	data = target_bytes(data, &size, bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct wal_name name;
		uint64_t system_id;
		struct wal_head head = {data, size < WAL_HEAD_BYTES ? size : WAL_HEAD_BYTES, size};
		MUST(wal_name_parse(&name, names[i], &err) == STATUS_OK);
		enum status st = wal_content_check(&name, &head, &system_id, &err);
		MUST(st == STATUS_OK || (st == STATUS_CONFLICT && err.text[0] != '\0'));
		/* As if the file were as long as its header says. */
		if (size >= 40 && head.len >= 40) {
			uint32_t segment_bytes;
			memcpy(&segment_bytes, data + 32, sizeof segment_bytes);
			head.size = segment_bytes;
			st = wal_content_check(&name, &head, &system_id, &err);
			MUST(st != STATUS_OK || name.kind >= WAL_BACKUP || system_id != 0);
		}
	}
	return 0;
}
