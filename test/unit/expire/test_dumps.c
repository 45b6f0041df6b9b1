#include "expire/dumps.h"
#include "support/cmocka.h"

#define NOW 1795934530
#define DAY 86400
#define COUNT 5

#define BIT(reason) (1U << DUMP_REASON_##reason)

/* 'g' good, 'u' its manifest cannot be opened, 'n' never finished and old, 'y' not finished and young. */
static const struct {
	const char *dumps; /* the oldest first, ten days apart; the newest is a day old */
	uint64_t count, days;
	unsigned reasons[COUNT];
} cases[] = {
    {"ggggg", 0, 0, {BIT(NO_LIMIT), BIT(NO_LIMIT), BIT(NO_LIMIT), BIT(NO_LIMIT), BIT(NEWEST) | BIT(NO_LIMIT)}},
    {"ggggg", 1, 0, {0, 0, 0, 0, BIT(NEWEST) | BIT(COUNT)}},
    {"ggggg", 2, 0, {0, 0, 0, BIT(COUNT), BIT(NEWEST) | BIT(COUNT)}},
    {"ggggg", 0, 12, {0, 0, 0, BIT(DAYS), BIT(NEWEST) | BIT(DAYS)}},
    {"ggggg", 0, 1, {0, 0, 0, 0, BIT(NEWEST)}},
    {"ggggg", 3, 12, {0, 0, BIT(COUNT), BIT(COUNT) | BIT(DAYS), BIT(NEWEST) | BIT(COUNT) | BIT(DAYS)}},
    {"ggggu", 1, 0, {0, 0, 0, BIT(NEWEST) | BIT(COUNT), BIT(UNREADABLE)}},
    {"nggyn", 1, 0, {0, 0, BIT(NEWEST) | BIT(COUNT), BIT(UNDER_WAY), 0}},
    {"nnnnn", 1, 1, {0, 0, 0, 0, 0}},
};

static void decides(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct listed_dump dumps[COUNT] = {{.complete = false}};
		const struct dump_list list = {.items = dumps, .count = COUNT};
		const struct dump_rules rules = {cases[i].count, cases[i].days, NOW, DAY};
		unsigned reasons[COUNT];
		for (int k = 0; k < COUNT; k++) {
			char kind = cases[i].dumps[k];
			dumps[k].complete = kind == 'g' || kind == 'u';
			dumps[k].status = kind == 'u' ? STATUS_DAMAGED : STATUS_OK;
			dumps[k].stored_s = dumps[k].newest_s = NOW - DAY - (COUNT - 1 - k) * 10 * DAY;
			if (kind == 'y')
				dumps[k].newest_s = NOW - 10;
		}
		dumps_decide(&list, &rules, reasons);
		for (int k = 0; k < COUNT; k++)
			if (reasons[k] != cases[i].reasons[k])
				fail_msg("case %zu, dump %d: %x, not %x", i, k, reasons[k], cases[i].reasons[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(decides)};
	return cmocka_run_group_tests_name("expire/dumps", tests, NULL, NULL);
}
