/*
 * The server's part in a base backup: pg_backup_start and pg_backup_stop, which are pg_start_backup and pg_stop_backup
 * of the non-exclusive kind before PostgreSQL 15 (PostgreSQL documentation, "Making a Base Backup Using the Low Level
 * API"). One connection makes both calls: the backup is lost when the connection ends.
 */
#ifndef WALSHIP_PG_SERVER_ONLINE_BACKUP_H
#define WALSHIP_PG_SERVER_ONLINE_BACKUP_H

#include "pg/server/postgres.h"

#define ONLINE_BACKUP_VERSION_MIN 130000

/* The server's properties, as it reports them. */
struct server_facts {
	uint64_t system_id;
	uint64_t version; /* server_version_num: 150018 */
	uint64_t catalog_version;
	uint64_t segment_bytes, page_bytes, relation_segment_pages;
	bool is_standby;
	bool page_checksums;
	bool full_page_writes;
};

/* STATUS_USAGE, with the SQL that grants the permission that the role lacks. */
enum status server_facts_read(struct server_facts *out, struct postgres *postgres, const struct call *call,
			      struct error *err);

/* Whether the role may begin and end a backup. STATUS_USAGE as for server_facts_read. */
enum status online_backup_check_rights(struct postgres *postgres, const struct call *call,
				       const struct server_facts *facts, struct error *err);

/*
 * Adds that SQL to the error of a query that the server refused (STATUS_USAGE); version is 0 where it is not known.
 * Returns st.
 */
enum status online_backup_hint_rights(enum status st, uint64_t version, struct error *err);

struct online_backup {
	uint64_t start_lsn;
	/* Of the backup_label that the server gives at the end. */
	uint64_t checkpoint_lsn, stop_lsn;
	uint32_t start_timeline;
	struct postgres_rows end; /* owns the texts */
	const char *backup_label, *tablespace_map;
};

/*
 * Begins a backup: the server makes a checkpoint, at once if fast, else spread over its time; timeout_ms limits that.
 * label is a text without quotes.
 */
enum status online_backup_begin(struct online_backup *out, struct postgres *postgres, const struct call *call,
				const struct server_facts *facts, const char *label, bool fast, struct error *err);

/*
 * Ends the backup, without waiting for the archiver. STATUS_UNREACHABLE also when the server was promoted meanwhile:
 * then the backup is void.
 */
enum status online_backup_end(struct online_backup *backup, struct postgres *postgres, const struct call *call,
			      const struct server_facts *facts, struct error *err);

void online_backup_fini(struct online_backup *backup);

/* Reads "16/B374D848". */
bool lsn_parse(const char *text, uint64_t *out);

#endif
