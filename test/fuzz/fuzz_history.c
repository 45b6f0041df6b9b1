/* History files of timelines, and the chain that they join. */
#include <string.h>

#include "pg/wal/history.h"
#include "repo/coverage.h"
#include "target.h"

static enum status check_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	uint32_t *last = arg;
	(void)switch_lsn, (void)err;
	MUST(timeline > *last && timeline < 100);
	*last = timeline;
	return STATUS_OK;
}

static enum status check_window(void *arg, const struct coverage_window *window, struct error *err)
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
	struct coverage coverage;
	struct coverage_window window;
	coverage_init(&coverage, 42, 16 * 1024 * 1024);
	for (uint32_t timeline = 1; timeline <= 8; timeline++)
		for (uint64_t number = timeline; number < timeline + 3UL; number++) {
			struct wal_name name;
			wal_name_of_number(&name, timeline, number, coverage.segment_bytes);
			MUST(coverage_add(&coverage, &name, 1, (int64_t)number, &err) == STATUS_OK);
		}
	(void)coverage_history(&coverage, 8, text, len, &err);
	MUST(coverage_end(&coverage, &err) == STATUS_OK);
	for (size_t i = 0; i < coverage.gap_count; i++)
		MUST(coverage.gaps[i].first <= coverage.gaps[i].last);
	MUST(coverage_windows(&coverage, check_window, NULL, &err) == STATUS_OK);
	(void)coverage_newest_window(&coverage, &window);
	coverage_fini(&coverage);
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
