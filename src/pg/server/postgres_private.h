/* Shared by postgres.c and replication.c. */
#ifndef WALSHIP_PG_SERVER_POSTGRES_PRIVATE_H
#define WALSHIP_PG_SERVER_POSTGRES_PRIVATE_H

#include "pg/server/libpq.h"
#include "pg/server/postgres.h"

struct postgres {
	PGconn *connection;
	int64_t statement_ms;
	char code[8]; /* SQLSTATE of the last error that the server reported */
};

/* As postgres_open, without a statement. replication: the connection takes the commands of the replication protocol. */
enum status postgres_connect(struct postgres **out, const struct postgres_settings *settings, bool replication,
			     struct error *err);

/* STATUS_UNREACHABLE with libpq's message. */
enum status postgres_connection_error(const PGconn *connection, struct error *err);

/* Waits until libpq has a result. */
enum status postgres_wait(struct postgres *postgres, const struct call *call, struct error *err);

/* STATUS_OK for rows and for a command that succeeded; otherwise the server's message, as postgres_query. */
enum status postgres_check_result(struct postgres *postgres, const PGresult *result, struct error *err);

#endif
