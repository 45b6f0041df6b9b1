#include "pg/server/online_backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "text/number.h"

#define RENAMED_VERSION 150000 /* pg_start_backup became pg_backup_start, without the exclusive kind */
#define GRANTS                                                                                                         \
	"as a superuser: create role walship login; grant pg_read_all_settings to walship; grant execute on function " \
	"pg_control_system to walship; grant execute on function %s to walship; then set user=walship in pg-conninfo"
#define NEW_FUNCTIONS "pg_backup_start, pg_backup_stop"
#define OLD_FUNCTIONS "pg_start_backup(text, bool, bool), pg_stop_backup(bool, bool)"

#define FACTS                                                                                                          \
	"select current_setting('server_version_num'), system_identifier, catalog_version_no, pg_is_in_recovery(), "   \
	"current_setting('data_checksums'), current_setting('full_page_writes'), current_setting('block_size'), "      \
	"(select setting from pg_settings where name = 'segment_size'), (select setting from pg_settings where name "  \
	"= 'wal_segment_size') from pg_control_system()"

enum fact { VERSION, SYSTEM_ID, CATALOG, STANDBY, CHECKSUMS, FULL_PAGES, PAGE, RELATION_SEGMENT, SEGMENT, FACT_COUNT };

static bool is_true(const char *text)
{
	return text != NULL && (strcmp(text, "t") == 0 || strcmp(text, "on") == 0);
}

static uint64_t number_of(const struct postgres_rows *rows, enum fact fact)
{
	uint64_t number;
	const char *text = postgres_text(rows, 0, fact);
	return text != NULL && number_parse(text, UINT64_MAX, &number) ? number : 0;
}

enum status online_backup_hint_rights(enum status st, uint64_t version, struct error *err)
{
	return st == STATUS_USAGE
		   ? error_hint(err, st, GRANTS,
				version != 0 && version < RENAMED_VERSION ? OLD_FUNCTIONS : NEW_FUNCTIONS)
		   : st;
}

enum status server_facts_read(struct server_facts *out, struct postgres *postgres, const struct call *call,
			      struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = postgres_query_rows(postgres, call, FACTS, FACT_COUNT, &rows, err);
	if (st)
		return online_backup_hint_rights(st, 0, err);
	*out = (struct server_facts){
	    .system_id = number_of(&rows, SYSTEM_ID),
	    .version = number_of(&rows, VERSION),
	    .catalog_version = number_of(&rows, CATALOG),
	    .segment_bytes = number_of(&rows, SEGMENT),
	    .page_bytes = number_of(&rows, PAGE),
	    .relation_segment_pages = number_of(&rows, RELATION_SEGMENT),
	    .is_standby = is_true(postgres_text(&rows, 0, STANDBY)),
	    .page_checksums = is_true(postgres_text(&rows, 0, CHECKSUMS)),
	    .full_page_writes = is_true(postgres_text(&rows, 0, FULL_PAGES)),
	};
	return STATUS_OK;
}

enum status online_backup_check_rights(struct postgres *postgres, const struct call *call,
				       const struct server_facts *facts, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	const char *sql =
	    facts->version >= RENAMED_VERSION
		? "select has_function_privilege('pg_catalog.pg_backup_start(text, boolean)', 'execute') and "
		  "has_function_privilege('pg_catalog.pg_backup_stop(boolean)', 'execute')"
		: "select has_function_privilege('pg_catalog.pg_start_backup(text, boolean, boolean)', "
		  "'execute') and has_function_privilege('pg_catalog.pg_stop_backup(boolean, boolean)', "
		  "'execute')";
	enum status st = postgres_query_rows(postgres, call, sql, 1, &rows, err);
	if (st || is_true(postgres_text(&rows, 0, 0)))
		return st;
	(void)error_set(err, STATUS_USAGE, "the role may not begin and end a base backup");
	return online_backup_hint_rights(STATUS_USAGE, facts->version, err);
}

bool lsn_parse(const char *text, uint64_t *out)
{
	uint64_t high, low = 0;
	bool valid = text != NULL && number_take(&text, NULL, 16, UINT32_MAX, &high) && *text++ == '/' &&
		     number_take(&text, NULL, 16, UINT32_MAX, &low) && *text == '\0';
	*out = valid ? high << 32 | low : 0;
	return valid;
}

enum status online_backup_begin(struct online_backup *out, struct postgres *postgres, const struct call *call,
				const struct server_facts *facts, const char *label, bool fast, struct error *err)
{
	char sql[256];
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	bool renamed = facts->version >= RENAMED_VERSION;
	*out = (struct online_backup){0};
	(void)snprintf(sql, sizeof sql, "select pg_catalog.%s('%s', %s%s)",
		       renamed ? "pg_backup_start" : "pg_start_backup", label, fast ? "true" : "false",
		       renamed ? "" : ", false");
	enum status st = postgres_query_rows(postgres, call, sql, 1, &rows, err);
	if (st)
		return online_backup_hint_rights(st, facts->version, err);
	return lsn_parse(postgres_text(&rows, 0, 0), &out->start_lsn)
		   ? STATUS_OK
		   : error_set(err, STATUS_UNREACHABLE, "the server began the backup without a valid LSN");
}

/* The value of "NAME: value" in a backup_label, up to a blank or the line's end. */
static bool label_value(const char *label, const char *name, char *out, size_t size)
{
	const char *at = strstr(label, name);
	if (at == NULL || (at != label && at[-1] != '\n'))
		return false;
	at += strlen(name);
	size_t len = strcspn(at, " \n");
	if (len >= size)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

static enum status read_label(struct online_backup *backup, struct error *err)
{
	char text[32];
	uint64_t start_lsn, timeline;
	bool valid = label_value(backup->backup_label, "START WAL LOCATION: ", text, sizeof text) &&
		     lsn_parse(text, &start_lsn) && start_lsn == backup->start_lsn &&
		     label_value(backup->backup_label, "CHECKPOINT LOCATION: ", text, sizeof text) &&
		     lsn_parse(text, &backup->checkpoint_lsn) &&
		     label_value(backup->backup_label, "START TIMELINE: ", text, sizeof text) &&
		     number_parse(text, UINT32_MAX, &timeline);
	backup->start_timeline = valid ? (uint32_t)timeline : 0;
	return valid ? STATUS_OK
		     : error_set(err, STATUS_UNREACHABLE,
				 "the server ended the backup with the backup_label of another backup");
}

enum status online_backup_end(struct online_backup *backup, struct postgres *postgres, const struct call *call,
			      const struct server_facts *facts, struct error *err)
{
	const char *sql = facts->version >= RENAMED_VERSION
			      ? "select lsn, labelfile, spcmapfile from pg_catalog.pg_backup_stop(false)"
			      : "select lsn, labelfile, spcmapfile from pg_catalog.pg_stop_backup(false, false)";
	enum status st = postgres_query_rows(postgres, call, sql, 3, &backup->end, err);
	if (st)
		return online_backup_hint_rights(st, facts->version, err);
	const char *map = postgres_text(&backup->end, 0, 2);
	backup->backup_label = postgres_text(&backup->end, 0, 1);
	backup->tablespace_map = map == NULL ? "" : map;
	if (backup->backup_label == NULL || !lsn_parse(postgres_text(&backup->end, 0, 0), &backup->stop_lsn))
		return error_set(err, STATUS_UNREACHABLE, "the server ended the backup without a backup_label");
	return read_label(backup, err);
}

void online_backup_fini(struct online_backup *backup)
{
	postgres_rows_fini(&backup->end);
}
