#include "backup/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/data/page.h"
#include "pg/data/relation_name.h"
#include "text/number.h"

#define VERSION_PER_MAJOR 10000
#define VERSION_MAX 189999
#define PERMISSIONS 07777

/* What a server needs in order to start with this data, or to replay this WAL, and where its configuration lies. */
#define SETTINGS                                                                                                       \
	"select name, setting from pg_settings where name in ('archive_mode', 'config_file', 'hba_file', "             \
	"'ident_file', 'lc_collate', 'lc_ctype', 'max_connections', 'max_locks_per_transaction', "                     \
	"'max_prepared_transactions', 'max_wal_senders', 'max_worker_processes', 'port', "                             \
	"'shared_preload_libraries', 'timezone', 'track_commit_timestamp', 'wal_level') order by name"

/* received_tli needs pg_read_all_stats; greatest() ignores NULL. */
#define TIMELINE                                                                                                       \
	"select greatest((select max(received_tli) from pg_stat_wal_receiver), c.timeline_id, "                        \
	"r.min_recovery_end_timeline) from pg_control_checkpoint() c, pg_control_recovery() r"

#define ARCHIVER                                                                                                       \
	"select failed_count, last_failed_wal, to_char(last_failed_time at time zone 'UTC', "                          \
	"'YYYY-MM-DD HH24:MI:SS') from pg_stat_archiver where last_failed_time > coalesce(last_archived_time, "        \
	"'-infinity')"

#define PLACE "select current_setting('data_directory'), current_setting('archive_mode')"

static enum status check_version(const struct server_facts *facts, struct error *err)
{
	uint64_t major = facts->version / VERSION_PER_MAJOR;
	if (facts->version < ONLINE_BACKUP_VERSION_MIN || facts->version > VERSION_MAX) {
		(void)error_set(err, STATUS_USAGE,
				"base backups are for PostgreSQL 13 to 18, but this server has version %" PRIu64,
				major);
		return error_hint(err, STATUS_USAGE, "use a walship that knows this version, or pg_basebackup");
	}
	if (facts->page_bytes != PAGE_BYTES || facts->relation_segment_pages != RELATION_SEGMENT_PAGES)
		return error_set(err, STATUS_USAGE,
				 "the server was built with pages of %" PRIu64 " bytes and files of %" PRIu64
				 " pages; base backups are for %d and %d",
				 facts->page_bytes, facts->relation_segment_pages, PAGE_BYTES, RELATION_SEGMENT_PAGES);
	return STATUS_OK;
}

/* In a container the server may have another name for its directory. */
static bool is_another_place(const char *path, const char *servers_own)
{
	struct stat info, own;
	return stat(path, &info) == 0 && stat(servers_own, &own) == 0 &&
	       (info.st_dev != own.st_dev || info.st_ino != own.st_ino);
}

static enum status refuse_place(const char *path, const char *servers_own, struct error *err)
{
	(void)error_set(err, STATUS_CONFLICT, "the server's data directory is %s, not %s", servers_own, path);
	return error_hint(err, STATUS_CONFLICT,
			  "pg-conninfo or PGHOST names another server than pg-data: change one of them");
}

/* By the options; else the server's own, if it is on this machine. */
static enum status find_directory(struct backup_server *server, const struct backup_server_settings *settings,
				  const char *servers_own, struct error *err)
{
	struct data_directory directory;
	uint64_t system_id;
	enum status st = cluster_id_find(&settings->cluster, NULL, &directory, &system_id, err);
	if (!st && !directory.known) {
		const struct cluster_hint own = {servers_own, settings->cluster.system_id};
		st = cluster_id_find(&own, NULL, &directory, &system_id, err);
	}
	if (st)
		return error_hint(err, st,
				  "walship backup runs on the server's machine, as the server's user; name the data "
				  "directory with --pg-data");
	if (system_id != server->facts.system_id) {
		(void)error_set(err, STATUS_CONFLICT,
				"the server belongs to cluster %" PRIu64 ", but %s belongs to cluster %" PRIu64,
				server->facts.system_id, directory.path, system_id);
		return error_hint(err, STATUS_CONFLICT,
				  "pg-conninfo or PGHOST names another server than pg-data or system-id does");
	}
	if (realpath(directory.path, server->directory) == NULL)
		return error_errno(err, STATUS_LOCAL, errno, "find %s", directory.path);
	return is_another_place(server->directory, servers_own) ? refuse_place(server->directory, servers_own, err)
								: STATUS_OK;
}

static enum status open_directory(struct backup_server *server, struct error *err)
{
	struct stat info;
	server->directory_fd = open(server->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (server->directory_fd < 0 || fstat(server->directory_fd, &info) != 0) {
		(void)error_errno(err, STATUS_LOCAL, errno, "open %s", server->directory);
		return error_hint(err, STATUS_LOCAL, "run walship as the user that PostgreSQL runs as");
	}
	server->mode = info.st_mode & PERMISSIONS;
	return STATUS_OK;
}

static enum status look_at_place(struct backup_server *server, const struct backup_server_settings *settings,
				 const struct call *call, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st = postgres_query_rows(server->postgres, call, PLACE, 2, &rows, err);
	if (st)
		return online_backup_hint_rights(st, server->facts.version, err);
	const char *place = postgres_text(&rows, 0, 0), *archive_mode = postgres_text(&rows, 0, 1);
	if (archive_mode != NULL && strcmp(archive_mode, "off") == 0 && !server->facts.is_standby) {
		(void)error_set(err, STATUS_USAGE,
				"archive_mode is off: the WAL that a backup needs would not reach the repository");
		return error_hint(err, STATUS_USAGE,
				  "set archive_mode = on and archive_command = 'walship push %%p' in postgresql.conf, "
				  "and restart the server");
	}
	st = find_directory(server, settings, place == NULL ? "" : place, err);
	return st ? st : open_directory(server, err);
}

enum status backup_server_open(struct backup_server *out, const struct backup_server_settings *settings,
			       const struct call *call, struct error *err)
{
	struct call step = call_step(call);
	*out = (struct backup_server){.directory_fd = -1};
	enum status st = postgres_open(&out->postgres, &settings->postgres, &step, err);
	if (!st)
		st = server_facts_read(&out->facts, out->postgres, &step, err);
	if (!st)
		st = check_version(&out->facts, err);
	if (!st)
		st = look_at_place(out, settings, &step, err);
	(void)snprintf(out->tablespace_version, sizeof out->tablespace_version, "PG_%" PRIu64 "_%" PRIu64,
		       out->facts.version / VERSION_PER_MAJOR, out->facts.catalog_version);
	return st;
}

void backup_server_fini(struct backup_server *server)
{
	postgres_free(server->postgres);
	if (server->directory_fd >= 0)
		(void)close(server->directory_fd);
	*server = (struct backup_server){.directory_fd = -1};
}

enum status backup_server_describe(const struct backup_server *server, const struct call *call,
				   struct manifest *manifest, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct call step = call_step(call);
	const struct server_facts *facts = &server->facts;
	manifest->system_id = facts->system_id;
	manifest->server_version = facts->version;
	manifest->catalog_version = facts->catalog_version;
	manifest->segment_bytes = facts->segment_bytes;
	manifest->page_bytes = facts->page_bytes;
	manifest->page_checksums = facts->page_checksums;
	manifest->from_standby = facts->is_standby;
	manifest->directory_mode = server->mode;
	manifest->data_directory = strdup(server->directory);
	if (manifest->data_directory == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = postgres_query(server->postgres, &step, SETTINGS, &rows, err);
	for (size_t i = 0; !st && i < rows.count; i++) {
		const char *name = postgres_text(&rows, i, 0), *value = postgres_text(&rows, i, 1);
		if (name != NULL && value != NULL)
			st = manifest_add_pair(&manifest->settings, name, value, err);
	}
	return st;
}

enum status backup_server_check(const struct backup_server *server, const struct call *call, struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct call step = call_step(call);
	enum status st = postgres_query_rows(server->postgres, &step, "select pg_is_in_recovery()", 1, &rows, err);
	if (st)
		return error_wrap(err, st, "the connection that holds the backup");
	const char *standby = postgres_text(&rows, 0, 0);
	if (!server->facts.is_standby || (standby != NULL && strcmp(standby, "t") == 0))
		return STATUS_OK;
	(void)error_set(err, STATUS_UNREACHABLE, "the standby was promoted during the backup, so the backup is void");
	return error_hint(err, STATUS_UNREACHABLE, "run walship backup again");
}

enum status backup_server_check_timeline(const struct backup_server *server, const struct call *call, uint32_t timeline,
					 struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct call step = call_step(call);
	struct error ignored;
	uint64_t now;
	if (!server->facts.is_standby || postgres_query_rows(server->postgres, &step, TIMELINE, 1, &rows, &ignored))
		return STATUS_OK;
	const char *text = postgres_text(&rows, 0, 0);
	if (text == NULL || !number_parse(text, UINT32_MAX, &now) || now == timeline)
		return STATUS_OK;
	(void)error_set(err, STATUS_UNREACHABLE,
			"the standby's primary has changed from timeline %" PRIu32 " to timeline %" PRIu64
			" during the backup, so the backup is void",
			timeline, now);
	return error_hint(err, STATUS_UNREACHABLE, "run walship backup again");
}

enum status backup_server_archive_failure(const struct backup_server *server, const struct call *call,
					  char out[SERVER_FAILURE_MAX], struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	struct call step = call_step(call);
	out[0] = '\0';
	enum status st = postgres_query(server->postgres, &step, ARCHIVER, &rows, err);
	const char *count = postgres_text(&rows, 0, 0), *name = postgres_text(&rows, 0, 1);
	const char *time = postgres_text(&rows, 0, 2);
	if (!st && count != NULL && name != NULL && time != NULL)
		(void)snprintf(out, SERVER_FAILURE_MAX,
			       "its archive_command has failed, most recently for %s at %s UTC (%s failures in all)",
			       name, time, count);
	return st;
}
