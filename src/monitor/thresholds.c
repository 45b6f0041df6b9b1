#include "monitor/thresholds.h"

#include <string.h>

struct pair {
	enum option_id warning, critical;
	bool less_is_worse;
};

static const struct pair pairs[] = {
    {OPTION_ID_STATUS_AGE_WARNING, OPTION_ID_STATUS_AGE_CRITICAL, false},
    {OPTION_ID_STATUS_READY_WARNING, OPTION_ID_STATUS_READY_CRITICAL, false},
    {OPTION_ID_STATUS_BYTES_WARNING, OPTION_ID_STATUS_BYTES_CRITICAL, false},
    {OPTION_ID_STATUS_DISK_WARNING, OPTION_ID_STATUS_DISK_CRITICAL, true},
};

static bool is_default(const struct config *config, enum option_id id)
{
	return strcmp(config_source(config, id), "default") == 0;
}

/* Whoever sets one of them alone may not think of the other one's default. */
static enum status refuse(const struct config *config, const struct pair *pair, struct error *err)
{
	bool set_critical = is_default(config, pair->critical);
	enum option_id change = set_critical ? pair->critical : pair->warning;
	enum option_id keep = set_critical ? pair->warning : pair->critical;
	(void)error_set(err, STATUS_USAGE,
			"%s is %s (%s), and %s is %s (%s): it would be critical before it is warned of",
			option_table[pair->critical].name, config_text(config, pair->critical),
			config_source(config, pair->critical), option_table[pair->warning].name,
			config_text(config, pair->warning), config_source(config, pair->warning));
	return error_hint(err, STATUS_USAGE, "set %s to %s or %s", option_table[change].name, config_text(config, keep),
			  set_critical == pair->less_is_worse ? "less" : "more");
}

enum status thresholds_check(const struct config *config, struct error *err)
{
	for (const struct pair *pair = pairs; pair < pairs + sizeof pairs / sizeof pairs[0]; pair++) {
		uint64_t warning = config_number(config, pair->warning);
		uint64_t critical = config_number(config, pair->critical);
		if (pair->less_is_worse ? critical > warning : critical < warning)
			return refuse(config, pair, err);
	}
	return STATUS_OK;
}
