#include "pg/server/identity.h"

#include "base/cleanup.h"
#include "text/number.h"

enum status server_identity_read(struct postgres *postgres, const struct call *call, uint64_t *system_id,
				 struct error *err)
{
	CLEANUP(postgres_rows_fini) struct postgres_rows rows = {0};
	enum status st =
	    postgres_query_rows(postgres, call, "select system_identifier from pg_control_system()", 1, &rows, err);
	*system_id = 0;
	if (st == STATUS_USAGE)
		return error_hint(err, st,
				  "as a superuser: grant execute on function pg_control_system to the role; or give "
				  "--system-id");
	const char *text = st ? NULL : postgres_text(&rows, 0, 0);
	if (!st && (text == NULL || !number_parse(text, UINT64_MAX, system_id)))
		st = error_set(err, STATUS_UNREACHABLE, "the server gives no system identifier");
	return st;
}
