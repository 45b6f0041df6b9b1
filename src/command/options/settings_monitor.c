#include "command/options/settings_monitor.h"

#include <string.h>

#include "command/options/settings.h"

/* Of a copy that no mirror-at is for: a run each day, an hour late, and a day later. */
#define MIRROR_WARNING_MS (25ULL * 3600 * 1000)
#define MIRROR_CRITICAL_MS (49ULL * 3600 * 1000)

struct pair {
	enum option_id warning, critical;
	bool less_is_worse;
};

static bool is_default(const struct config *config, enum option_id id)
{
	return strcmp(config_source(config, id), "default") == 0;
}

/* A user who sets only one of the two may not know the default of the other. */
static enum status refuse(const struct config *config, const struct pair *pair, struct error *err)
{
	bool set_critical = is_default(config, pair->critical);
	enum option_id change = set_critical ? pair->critical : pair->warning;
	enum option_id keep = set_critical ? pair->warning : pair->critical;
	(void)error_set(err, STATUS_USAGE, "%s is %s (%s), but %s is %s (%s): CRITICAL would come before WARNING",
			option_table[pair->critical].name, config_text(config, pair->critical),
			config_source(config, pair->critical), option_table[pair->warning].name,
			config_text(config, pair->warning), config_source(config, pair->warning));
	return error_hint(err, STATUS_USAGE, "set %s to %s or %s", option_table[change].name, config_text(config, keep),
			  set_critical == pair->less_is_worse ? "less" : "more");
}

enum status settings_thresholds(struct thresholds *out, const struct config *config, struct error *err)
{
	const struct {
		struct pair pair;
		struct threshold *out;
	} rows[] = {
	    {{OPTION_ID_STATUS_AGE_WARNING, OPTION_ID_STATUS_AGE_CRITICAL, false}, &out->age_ms},
	    {{OPTION_ID_STATUS_READY_WARNING, OPTION_ID_STATUS_READY_CRITICAL, false}, &out->ready_files},
	    {{OPTION_ID_STATUS_BYTES_WARNING, OPTION_ID_STATUS_BYTES_CRITICAL, false}, &out->ready_bytes},
	    {{OPTION_ID_STATUS_DISK_WARNING, OPTION_ID_STATUS_DISK_CRITICAL, true}, &out->disk_left_ms},
	    {{OPTION_ID_STATUS_BACKUP_FULL_WARNING, OPTION_ID_STATUS_BACKUP_FULL_CRITICAL, false}, &out->full_ms},
	    {{OPTION_ID_STATUS_BACKUP_WARNING, OPTION_ID_STATUS_BACKUP_CRITICAL, false}, &out->backup_ms},
	};
	out->backup_expected = out->dump_expected = out->drill_expected = false;
	out->dump_ms = out->drill_ms = (struct threshold){0};
	out->mirror_ms = (struct threshold){MIRROR_WARNING_MS, MIRROR_CRITICAL_MS};
	out->growth_bytes = config_is_default(config, OPTION_ID_STATUS_GROWTH_WARNING)
				? 0
				: config_number(config, OPTION_ID_STATUS_GROWTH_WARNING);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct pair *pair = &rows[i].pair;
		uint64_t warning = config_number(config, pair->warning);
		uint64_t critical = config_number(config, pair->critical);
		*rows[i].out = (struct threshold){warning, critical};
		if ((rows[i].out == &out->full_ms || rows[i].out == &out->backup_ms) &&
		    (!is_default(config, pair->warning) || !is_default(config, pair->critical)))
			out->backup_expected = true;
		if (pair->less_is_worse ? critical > warning : critical < warning)
			return refuse(config, pair, err);
	}
	return STATUS_OK;
}

struct notify_settings settings_notify(const struct command_context *context)
{
	const struct config *config = context->config;
	return (struct notify_settings){
	    .command = config_text(config, OPTION_ID_NOTIFY_COMMAND),
	    .repo = config_text(config, OPTION_ID_REPO),
	    .after_ms = (int64_t)config_number(config, OPTION_ID_NOTIFY_AFTER),
	    .interval_ms = (int64_t)config_number(config, OPTION_ID_NOTIFY_INTERVAL),
	    .timeout_ms = (int64_t)config_number(config, OPTION_ID_NOTIFY_TIMEOUT),
	    .environment = context->environment,
	    .detach = context->detach,
	};
}

struct push_outcome_settings settings_push_outcome(const struct command_context *context)
{
	return (struct push_outcome_settings){
	    .path = context->operands[0],
	    .spool = config_text(context->config, OPTION_ID_SPOOL),
	    .cluster = settings_cluster(context->config),
	    .notify = settings_notify(context),
	};
}
