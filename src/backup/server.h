/* The server whose data directory a backup copies: its connection, its directory, and what a restore must know of it.
 */
#ifndef WALSHIP_BACKUP_SERVER_H
#define WALSHIP_BACKUP_SERVER_H

#include <limits.h>

#include "catalog/manifest.h"
#include "pg/server/online_backup.h"
#include "repo/cluster_id.h"

struct backup_server_settings {
	struct postgres_settings postgres;
	struct cluster_hint cluster;
};

struct backup_server {
	struct postgres *postgres;
	struct server_facts facts;
	char directory[PATH_MAX]; /* the data directory on this machine */
	int directory_fd;
	unsigned mode; /* permission bits of the data directory */
	char tablespace_version[32];
};

/*
 * Connects, finds the data directory and checks that the two belong together, that the directory can be read, and that
 * this walship can make a backup of it. STATUS_USAGE, STATUS_CONFLICT, STATUS_UNREACHABLE or STATUS_LOCAL.
 * backup_server_fini whatever happens.
 */
enum status backup_server_open(struct backup_server *out, const struct backup_server_settings *settings,
			       const struct call *call, struct error *err);
void backup_server_fini(struct backup_server *server);

/* Fills the manifest's facts and settings of the server. */
enum status backup_server_describe(const struct backup_server *server, const struct call *call,
				   struct manifest *manifest, struct error *err);

/*
 * Whether the connection, and with it the backup under way, still lives. STATUS_UNREACHABLE also when the standby was
 * promoted: the server makes the backup void (do_pg_backup_stop in xlog.c).
 */
enum status backup_server_check(const struct backup_server *server, const struct call *call, struct error *err);

/*
 * On a standby: whether its WAL still comes from the timeline on which the backup began. STATUS_UNREACHABLE: its
 * primary's timeline has changed. STATUS_OK also if the server does not tell. Always STATUS_OK on a primary.
 */
enum status backup_server_check_timeline(const struct backup_server *server, const struct call *call, uint32_t timeline,
					 struct error *err);

#define SERVER_FAILURE_MAX 256

/*
 * out: the last failure of the server's archiver, unless a later attempt has succeeded, as a text for a log line; "" if
 * there is none (pg_stat_archiver). Statuses of postgres_query.
 */
enum status backup_server_archive_failure(const struct backup_server *server, const struct call *call,
					  char out[SERVER_FAILURE_MAX], struct error *err);

#endif
