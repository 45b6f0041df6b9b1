/* History files of timelines, and the chain that they join. */
#include <string.h>

#include "pg/wal/history.h"
#include "repo/chain.h"
#include "target.h"

static enum status check_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	uint32_t *last = arg;
	(void)switch_lsn, (void)err;
	MUST(timeline > *last && timeline < 100);
	*last = timeline;
	return STATUS_OK;
}

static enum status check_window(void *arg, const struct chain_window *window, struct error *err)
{
	(void)arg, (void)err;
	MUST(window->first <= window->last || window->first_timeline < window->last_timeline);
	MUST(!window->newest || !window->at_gap);
	return STATUS_OK;
}

/* WAL of the timelines 1 to 8, and the history as that of 8: whatever it says, the chain comes to an end. */
static void join(const char *text, size_t len)
{
	struct error err;
	struct chain chain;
	struct chain_window window;
	chain_init(&chain, 42, 16 * 1024 * 1024);
	for (uint32_t timeline = 1; timeline <= 8; timeline++)
		for (uint64_t number = timeline; number < timeline + 3UL; number++) {
			struct wal_name name;
			wal_name_of_number(&name, timeline, number, chain.segment_bytes);
			MUST(chain_add(&chain, &name, 1, (int64_t)number, &err) == STATUS_OK);
		}
	(void)chain_history(&chain, 8, text, len, &err);
	MUST(chain_end(&chain, &err) == STATUS_OK);
	for (size_t i = 0; i < chain.gap_count; i++)
		MUST(chain.gaps[i].first <= chain.gaps[i].last);
	MUST(chain_windows(&chain, check_window, NULL, &err) == STATUS_OK);
	(void)chain_newest_window(&chain, &window);
	chain_fini(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {0};
	uint32_t last = 0;
	enum status st = wal_history_read(100, (const char *)data, size, check_line, &last, &err);
	MUST(st == STATUS_OK ? last > 0 : st == STATUS_CONFLICT && err.text[0] != '\0');
	join((const char *)data, size);
	return 0;
}
