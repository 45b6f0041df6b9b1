/* What a drill checks when the recovery has ended. Each check adds its findings to the report and goes on. */
#ifndef WALSHIP_DRILL_CHECKS_H
#define WALSHIP_DRILL_CHECKS_H

#include "drill/drill.h"
#include "drill/report.h"
#include "drill/server.h"

struct checks {
	const struct drill_params *params;
	const struct call *call;
	struct drill_server *server;
	struct drill_report *report;
};

/* Opens every database, and asks how far the recovery went. */
void check_open(const struct checks *checks);

/* Runs the files of drill-sql with psql: each statement must succeed. */
void check_sql(const struct checks *checks);

/* pg_amcheck: every table, every index, each row of a table in its B-trees (heapallindexed). */
void check_amcheck(const struct checks *checks);

/* pg_checksums reads every page. The server has stopped. */
void check_checksums(const struct checks *checks);

#endif
