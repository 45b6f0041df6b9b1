/* The system identifier, as the server itself says it: where no data directory is at hand. */
#ifndef WALSHIP_PG_SERVER_IDENTITY_H
#define WALSHIP_PG_SERVER_IDENTITY_H

#include <stdint.h>

#include "pg/server/postgres.h"

/*
 * Asks pg_control_system(). STATUS_USAGE, with the SQL that grants the right, when the role may not call it. Otherwise
 * as for postgres_query_rows.
 */
enum status server_identity_read(struct postgres *postgres, const struct call *call, uint64_t *system_id,
				 struct error *err);

#endif
