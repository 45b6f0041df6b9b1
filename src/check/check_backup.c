/* walship check: whether walship backup could make a base backup here. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check/check_server_private.h"
#include "pg/server/online_backup.h"

static enum status look_at_directory(const char *directory, struct finding *finding, struct error *err)
{
	if (access(directory, R_OK | X_OK) == 0) {
		finding_say(finding, "possible: the role may, and the data directory is readable");
		return STATUS_OK;
	}
	if (errno == ENOENT || errno == ENOTDIR)
		return finding_skip(finding, "the server's data directory %s is not on this machine", directory);
	(void)error_errno(err, STATUS_LOCAL, errno, "the data directory %s is not readable", directory);
	return error_hint(err, STATUS_LOCAL, "run walship backup as the user that PostgreSQL runs as");
}

/* A primary writes full pages during a backup whatever its setting is; a standby replays what its primary wrote. */
static enum status check_full_pages(const struct server_facts *facts, struct error *err)
{
	if (facts->full_page_writes || !facts->is_standby)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "full_page_writes is off, so a base backup of this standby is not possible");
	return error_hint(err, STATUS_USAGE,
			  "set full_page_writes = on in the primary's postgresql.conf, and reload it");
}

enum status check_server_backup(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct inspection *inspection = arg;
	struct server_facts facts;
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	finding->optional = true;
	enum status st = server_facts_read(&facts, inspection->postgres, call, err);
	if (!st)
		st = online_backup_check_rights(inspection->postgres, call, &facts, err);
	if (!st)
		st = check_full_pages(&facts, err);
	if (!st)
		st = postgres_query_rows(inspection->postgres, call, "select current_setting('data_directory')", 1,
					 &rows, err);
	return st ? st : look_at_directory(column_text(&rows, 0), finding, err);
}
