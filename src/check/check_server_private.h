/* Shared by check_server.c and check_segment.c. */
#ifndef WALSHIP_CHECK_CHECK_SERVER_PRIVATE_H
#define WALSHIP_CHECK_CHECK_SERVER_PRIVATE_H

#include <string.h>

#include "check/check.h"
#include "pg/server/postgres.h"
#include "pg/wal/name.h"

/* State that the steps share. facts owns the texts. */
struct inspection {
	struct checklist *list;
	const struct check_server *check;
	struct postgres *postgres;
	struct postgres_rows facts;
	bool calls_walship; /* archive_command names walship */
	bool archives;      /* no obstacle to archiving found so far */
	struct wal_name segment;
	char object[WAL_OBJECT_NAME_MAX];
	int64_t switched_ms;
	uint64_t failures; /* of the archiver before the switch */
};

/* The columns of FACTS. */
enum fact {
	FACT_VERSION,
	FACT_STANDBY,
	FACT_SYSTEM_ID,
	FACT_ARCHIVE_MODE,
	FACT_ARCHIVE_COMMAND,
	FACT_ARCHIVE_LIBRARY,
	FACT_WAL_LEVEL,
	FACT_ARCHIVE_TIMEOUT,
	FACT_ROLE,
	FACT_COUNT
};

/* The columns of archiver_query. */
enum archiver_fact {
	ARCHIVED_COUNT,
	ARCHIVED_LAST,
	ARCHIVED_AT,
	FAILED_COUNT,
	FAILED_LAST,
	FAILED_AT,
	FAILS_NOW,
	ARCHIVER_FACT_COUNT
};

/* Queries pg_stat_archiver. */
enum status archiver_query(const struct inspection *inspection, const struct call *call, struct postgres_rows *out,
			   struct error *err);

/* The column's text in the first row; "" for null. */
static inline const char *column_text(const struct postgres_rows *rows, size_t column)
{
	const char *text = postgres_text(rows, 0, column);
	return text == NULL ? "" : text;
}

static inline const char *fact(const struct inspection *inspection, enum fact column)
{
	return column_text(&inspection->facts, column);
}

static inline bool is_standby(const struct inspection *inspection)
{
	return strcmp(fact(inspection, FACT_STANDBY), "t") == 0;
}

/* The first steps. */
enum status check_server_open(void *arg, const struct call *call, struct finding *finding, struct error *err);
enum status check_server_archive_mode(void *arg, const struct call *call, struct finding *finding, struct error *err);
enum status check_server_archive_command(void *arg, const struct call *call, struct finding *finding,
					 struct error *err);
enum status check_server_wal_level(void *arg, const struct call *call, struct finding *finding, struct error *err);

/* Whether walship backup could make a base backup; else a warning. */
enum status check_server_backup(void *arg, const struct call *call, struct finding *finding, struct error *err);

/* Whether walship stream is in use here: an option configures it, or the server has its slot. */
bool check_stream_applies(const struct inspection *inspection, const struct call *call);

/* Checks that walship stream can connect and has a usable slot, or can create one. A failure is a warning. */
enum status check_server_stream(void *arg, const struct call *call, struct finding *finding, struct error *err);

/* The last two steps: finish a segment, and look for it until it is archived. */
enum status check_segment_finish(void *arg, const struct call *call, struct finding *finding, struct error *err);
enum status check_segment_find(void *arg, const struct call *call, struct finding *finding, struct error *err);

#endif
