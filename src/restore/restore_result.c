/* What a restore chose and did, as values. */
#include <stdio.h>
#include <string.h>

#include "restore/restore_private.h"

/* Without the first two, recovery or a query would need more than the server has; the third is kept. */
static const char *const kept[] = {"max_prepared_transactions", "max_locks_per_transaction",
				   "shared_preload_libraries"};

static void take_settings(struct restore_result *result, const struct manifest *manifest)
{
	size_t len = 0;
	result->settings[0] = '\0';
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const char *value = manifest_value(&manifest->settings, kept[i]);
		/* A value with a quote is the name of no library. */
		if (value == NULL || strpbrk(value, "'\\\n") != NULL)
			continue;
		int added =
		    snprintf(result->settings + len, sizeof result->settings - len, "%s = '%s'\n", kept[i], value);
		if (added < 0 || (size_t)added >= sizeof result->settings - len) {
			result->settings[len] = '\0';
			return;
		}
		len += (size_t)added;
	}
}

static void take_last_segment(const struct restoration *restoration)
{
	const struct branch *branch = &restoration->choice.branch;
	uint64_t last = branch->first + restoration->choice.replay_segments - 1;
	struct wal_name name;
	if (restoration->choice.replay_segments == 0)
		return;
	/* The names of an ancestor's segments come before it. */
	wal_name_of_number(&name, branch->line.timeline, last, restoration->coverage.segment_bytes);
	(void)snprintf(restoration->params->result->last_segment, WAL_NAME_MAX, "%s", name.text);
}

void restore_take_choice(const struct restoration *restoration)
{
	struct restore_result *result = restoration->params->result;
	const struct choice *choice = &restoration->choice;
	if (result == NULL)
		return;
	const struct manifest *manifest = &choice->branch.backup->manifest;
	result->chosen = true;
	result->backup = choice->branch.backup->label;
	result->backup_ended_s = manifest->ended;
	result->server_version = manifest->server_version;
	target_text(restoration->params->target, result->target);
	result->timeline = choice->branch.line.timeline;
	result->replay_segments = choice->replay_segments;
	take_last_segment(restoration);
	if (choice->replay_segments > 0)
		result->least_lsn =
		    (choice->branch.first + choice->replay_segments - 1) * restoration->coverage.segment_bytes;
	result->bytes = restoration->planned.bytes;
	result->files = restoration->planned.files;
	take_settings(result, manifest);
}

void restore_take_end(const struct restoration *restoration, const struct tree_restore_figures *done)
{
	struct restore_result *result = restoration->params->result;
	result->read_bytes = done->read_bytes;
	result->written_bytes = done->written_bytes;
	result->no_postgresql_conf = restoration->notes.no_postgresql_conf;
}
