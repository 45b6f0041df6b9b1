#include "catalog/drill_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg/wal/name.h"

#define DIRECTORY "/drill/"
#define KIND "-drill"
#define TIME_LEN 16 /* 20261129T064210Z */

void drill_prefix(char out[DRILL_OBJECT_NAME_MAX], uint64_t system_id)
{
	(void)snprintf(out, DRILL_OBJECT_NAME_MAX, "%" PRIu64 DIRECTORY, system_id);
}

/* The label's time is that of a backup's. */
bool drill_name_make(struct drill_name *out, uint64_t system_id, int64_t begun_s)
{
	struct backup_label time;
	char prefix[DRILL_OBJECT_NAME_MAX];
	if (!backup_label_make(&time, begun_s, BACKUP_FULL))
		return false;
	*out = (struct drill_name){.system_id = system_id, .begun_s = begun_s};
	(void)snprintf(out->label, sizeof out->label, "%.*s" KIND, TIME_LEN, time.text);
	drill_prefix(prefix, system_id);
	(void)snprintf(out->object, sizeof out->object, "%.38s%s", prefix, out->label);
	return true;
}

bool drill_name_parse(struct drill_name *out, const char *object)
{
	struct backup_label time;
	char text[BACKUP_LABEL_MAX];
	uint64_t system_id;
	*out = (struct drill_name){0};
	const char *at = wal_system_id_read(object, &system_id);
	if (at == NULL || strncmp(at, DIRECTORY, strlen(DIRECTORY)) != 0)
		return false;
	at += strlen(DIRECTORY);
	if (strlen(at) != TIME_LEN + strlen(KIND) || strcmp(at + TIME_LEN, KIND) != 0)
		return false;
	(void)snprintf(text, sizeof text, "%.*s-full", TIME_LEN, at);
	return backup_label_parse(&time, text) && drill_name_make(out, system_id, time.begun_s);
}
