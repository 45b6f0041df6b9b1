/*
 * walship stream: receives WAL from a server as it is written, and stores it in parts, so that seconds and not minutes
 * are lost with the server. The server keeps, by a replication slot, the WAL that is not stored yet.
 */
#ifndef WALSHIP_RECEIVE_RECEIVE_H
#define WALSHIP_RECEIVE_RECEIVE_H

#include "pg/server/postgres.h"
#include "repo/cluster_id.h"
#include "repo/object.h"

#define RECEIVE_PART_BYTES_MAX (4 * 1024 * 1024) /* four buffers, and what two uploads hold, stay below 40 MiB */

struct receive_settings {
	const struct repository_settings *repository;
	struct cluster_hint cluster;
	struct postgres_settings postgres;
	const char *spool;
	const char *slot; /* lowercase letters, digits and '_' */
	int64_t interval_ms;
	size_t part_bytes;
	int64_t timeout_ms; /* of each try to store a part, and of each command to the server */
	const struct codec *codec;
	int level;
	const char *notify_socket; /* of sd_notify(3); NULL: none */
	const struct call *call;
};

/*
 * Goes on until SIGTERM or SIGINT, then stores what has arrived and returns STATUS_OK. Reconnects for ever. Otherwise
 * an error that another try cannot mend: the repository has other parts under the same names, the server is that of
 * another cluster, the slot cannot be used.
 */
enum status receive_run(const struct receive_settings *settings, struct error *err);

#endif
