/* The server that is dumped: its version, its identity, and its databases. */
#ifndef WALSHIP_DUMP_SERVER_H
#define WALSHIP_DUMP_SERVER_H

#include "dump/dump.h"

struct dump_server {
	uint64_t version; /* server_version_num: 150018 */
	uint64_t system_id;
	bool reads_passwords; /* the role may read the passwords of roles */
	char *own_database;   /* that the role may connect to in any case */
	char **databases;     /* to be dumped */
	size_t count, capacity;
};

/*
 * Connects, asks, and closes the connection. Without names in settings, databases without a right to connect are left
 * out with a warning; a named one that cannot be dumped is STATUS_USAGE. dump_server_fini whatever happens.
 */
enum status dump_server_look(struct dump_server *out, const struct dump_settings *settings, const struct call *call,
			     struct error *err);
void dump_server_fini(struct dump_server *server);

#endif
