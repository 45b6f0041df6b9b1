/* Tables of packs: a table is refused, or it is exactly what would be written again. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/pack_table.h"
#include "target.h"

#define NEEDS 2

static void write_again(const struct pack_table *table, struct buffer *out)
{
	struct error err;
	for (size_t i = 0; i < table->count; i++) {
		const struct pack_entry *entry = &table->items[i];
		char digits[2 * HEADER_BYTES + 1];
		hex_encode(digits, &entry->header, sizeof entry->header);
		MUST(entry->backup <= NEEDS && entry->number > 0);
		MUST(pack_table_find(table, entry->backup, entry->number) == entry);
		MUST(buffer_printf(out, &err, "p\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\t%s\n", entry->backup,
				   entry->number, entry->bytes, digits) == STATUS_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(pack_table_fini) struct pack_table table = {0};
	CLEANUP(buffer_fini) struct buffer content = {0}, again = {0};
	const struct manifest manifest = {.need_count = NEEDS};
	struct error err = {0};
	MUST(buffer_append(&content, data, size, &err) == STATUS_OK);
	enum status st = pack_table_parse(&table, &content, &manifest, &err);
	MUST(st == STATUS_OK || (st == STATUS_DAMAGED && err.text[0] != '\0'));
	if (st)
		return 0;
	write_again(&table, &again);
	MUST(again.len == size && memcmp(again.data, data, size) == 0);
	return 0;
}
