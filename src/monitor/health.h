/* walship status: its findings, its judgement, its output. */
#ifndef WALSHIP_MONITOR_HEALTH_H
#define WALSHIP_MONITOR_HEALTH_H

#include "base/buffer.h"
#include "catalog/backup_list.h"
#include "catalog/dump_list.h"
#include "console/console.h"
#include "inventory/drill_record.h"
#include "monitor/failures.h"
#include "monitor/health_mirror.h"
#include "monitor/health_schedule.h"
#include "monitor/notified.h"
#include "monitor/notify.h"
#include "monitor/stream_note.h"
#include "monitor/thresholds.h"
#include "pg/data/checkpoint.h"
#include "pg/data/control.h"
#include "pg/data/pending.h"
#include "repo/cluster_id.h"
#include "repo/repository.h"
#include "repo/settings.h"

enum health_format { HEALTH_TEXT, HEALTH_JSON, HEALTH_PROMETHEUS };

/* Texts are the caller's own. */
struct health_settings {
	const struct repository_settings *repository;
	struct cluster_hint cluster;
	const char *spool; /* as for spool_prepare */
	struct thresholds thresholds;
	const struct health_schedule *schedule;
	const struct health_mirrors *mirrors;
	enum health_format format;
	const char *metrics_file; /* written in Prometheus' format beside the output; NULL: not written */
	int64_t push_timeout_ms;  /* the longest time that a push takes */
	struct notify_settings notify;
	bool looks_at_drills; /* drills are configured; else nothing is said of them */
	bool sends;           /* runs notify-command when a check fails or works again */
};

/*
 * Looks, judges, prints and, if wanted, notifies. Returns STATUS_OK, STATUS_WARNING, STATUS_UNKNOWN or STATUS_CRITICAL
 * with an empty error once the report is printed. Any other status has an error: nothing could be judged, or the output
 * failed and the report is not CRITICAL.
 */
enum status health_run(const struct health_settings *settings, const struct console *console, struct error *err);

#define HEALTH_GROWTH_S 86400 /* of the growth */

#define HEALTH_GAPS_MAX 8 /* further gaps are only counted */

/* A range of missing segments between stored ones. */
struct health_gap {
	struct wal_name first, last;
	uint64_t segments;
};

/* The newest part of the repository. */
struct health_archive {
	bool known; /* false: trouble says why */
	struct error trouble;
	uint64_t objects;       /* listed */
	struct wal_name newest; /* segment; text "" without one */
	int64_t newest_s;       /* UTC, when the newest segment was stored */
	bool older;             /* the newest directories are empty, older ones are not */
	bool coverage_known;    /* the members below are valid */
	struct health_gap gaps[HEALTH_GAPS_MAX];
	uint64_t gap_count;         /* without segments that wait in pg_wal */
	uint64_t missing;           /* segments in the gaps */
	uint64_t on_their_way;      /* missing segments that wait in pg_wal */
	int64_t restorable_s;       /* UTC; 0: nothing can be restored */
	struct wal_name restorable; /* the last segment before the next gap */
	uint32_t latest; /* the timeline that recovery to the latest takes, without WAL of this one; 0: this one */
	uint32_t latest_parent; /* it left this timeline; 0: it does not descend from it */
	uint64_t latest_switch_lsn;
	struct error latest_trouble; /* a history or a mark that cannot be opened, and stops recovery; text "": none */
	uint32_t aside;              /* the server's timeline or an ancestor of it, which is set aside; 0: none */
};

/* The newest base backups. */
struct health_backup {
	bool known;      /* false: the archive's trouble says why */
	int64_t first_s; /* UTC, when the oldest backup began, finished or not; 0: there is none */
	/* text "": none has finished. */
	struct backup_label newest, full; /* the newest of any type; the newest full one */
	int64_t newest_s, full_s;         /* UTC, when they ended */
	uint64_t wrong_pages;             /* pages with a wrong checksum in one of them */
	struct backup_label wrong;        /* that one */
	struct backup_label unreadable;   /* the newest whose manifest cannot be opened; text "": none */
	char why[LISTED_ERROR_MAX];
	uint64_t unfinished;   /* backups that began after the newest finished one; one may be running */
	uint64_t recent_bytes; /* packs of those of the backups looked at that ended in the last 24 hours */
};

/* What the repository has got in the last 24 hours, as far as this look has seen it. */
struct health_growth {
	uint64_t wal_bytes;  /* objects of WAL */
	uint64_t dump_bytes; /* of the newest dump, where dumps are scheduled */
	bool least;          /* the listing may have begun within these hours: there may be more */
};

/* The newest dump. */
struct health_dump {
	bool known;                /* false: not looked at, or the archive's trouble says why */
	struct newest_dump newest; /* its label's text is "": there is none */
};

/* The newest drill. */
struct health_drill {
	bool wanted; /* else nothing below counts */
	bool known;  /* false: trouble says why */
	struct error trouble;
	bool found; /* there was one; name and record are valid */
	struct drill_name name;
	struct drill_record record;
};

/* Everything that status looks at. */
struct health {
	const char *repo; /* URL; owned by the settings */
	int64_t now_s;
	uint64_t system_id;
	bool local;         /* a data directory was found */
	bool running;       /* the server's process exists in this PID namespace */
	bool pending_known; /* false: pending_trouble says why */
	bool disk_known;
	bool spool_known; /* notes, failures and notified are valid, for this pg_wal; false: spool_trouble says why */
	bool streamed;    /* the spool has a note of walship stream */
	struct data_directory directory;
	struct checkpoint checkpoint; /* state NULL: unknown */
	struct pending pending;
	struct error pending_trouble;
	uint64_t disk_free, disk_total; /* bytes */
	uint64_t disk_bytes_per_s;      /* fill rate; 0: not filling, or unknown yet */
	int64_t disk_full_s;            /* time until the disk is full; -1: never at this rate */
	struct push_notes notes;
	struct error spool_trouble;
	int64_t traced_s;         /* when the last successful push left a trace in the spool; 0: never */
	struct failures failures; /* count 0: the last push succeeded, or no push was tried */
	struct notified notified;
	struct health_archive archive;
	struct health_backup backup;
	struct health_growth growth; /* valid if archive.known */
	struct health_dump dump;
	struct health_drill drill;
	const struct health_schedule *schedule; /* owned by the settings */
	const struct health_mirrors *mirrors;   /* likewise */
	struct stream_note stream;              /* if streamed */
};

/* What was stored in the last 24 hours, in bytes. */
uint64_t health_growth_bytes(const struct health *health);

enum health_level { HEALTH_OK, HEALTH_WARNING, HEALTH_UNKNOWN, HEALTH_CRITICAL, HEALTH_LEVEL_COUNT };

#define HEALTH_TEXT_MAX 1400 /* an error's text and its context */

/* One check of the report. */
struct health_check {
	unsigned id; /* of the enumeration below */
	const char *name;
	enum health_level level;
	bool skipped; /* OK because there was nothing to look at */
	char text[HEALTH_TEXT_MAX];
	char hint[ERROR_HINT_MAX];
};

enum {
	HEALTH_CHECK_ARCHIVE,
	HEALTH_CHECK_BACKLOG,
	HEALTH_CHECK_PUSHES,
	HEALTH_CHECK_COVERAGE,
	HEALTH_CHECK_DISK,
	HEALTH_CHECK_BACKUP,
	HEALTH_CHECK_SCHEDULE, /* left out where nothing is scheduled */
	HEALTH_CHECK_DUMP,     /* left out where no dumps are scheduled */
	HEALTH_CHECK_DRILL,    /* left out where no drills are configured */
	HEALTH_CHECK_STREAM,   /* left out without a note of walship stream */
	HEALTH_CHECK_MIRROR,   /* left out without mirror-conf */
	HEALTH_CHECK_GROWTH,   /* left out without status-growth-warning */
	HEALTH_CHECK_COUNT
};

struct health_report {
	enum health_level level; /* the worst of all checks */
	size_t count;            /* of the checks */
	struct health_check checks[HEALTH_CHECK_COUNT];
};

/* Looks and judges, and prints nothing. Fails where health_look_local fails. */
enum status health_examine(struct health *out, struct health_report *report, const struct health_settings *settings,
			   const struct call *call, struct error *err);

/* "OK", "WARNING", "UNKNOWN", "CRITICAL" */
const char *health_level_name(enum health_level level);

/* The status whose exit code is that of a monitoring plugin. */
enum status health_level_status(enum health_level level);

/*
 * Looks at the local machine: data directory, pg_wal, disk, spool. STATUS_USAGE when the cluster's system identifier is
 * unknown.
 */
enum status health_look_local(struct health *out, const struct health_settings *settings, const struct call *call,
			      struct error *err);

/* Lists the newest part of the repository within the call's deadline. A failure is in out->archive.trouble. */
void health_look_archive(struct health *out, const struct health_settings *settings, const struct call *call);

/*
 * Looks for timelines above the server's that leave out WAL of the server's timeline, from their histories alone. A
 * server that is behind the point where such a timeline begins may still follow it: an old primary before pg_rewind, a
 * standby.
 */
enum status health_look_above(struct health *health, struct repository *repo, const struct call *call,
			      struct error *err);

/* Looks for the newest base backups. Fails as a listing does. */
enum status health_look_backup(struct health *health, const struct repository *repo, const struct call *call,
			       struct error *err);

/* Looks for the newest dump, and its bytes for the growth, if one is scheduled. Fails as a listing does. */
enum status health_look_dump(struct health *health, const struct repository *repo, const struct thresholds *thresholds,
			     const struct call *call, struct error *err);

/* As health_look_backup, from the backups of a survey. */
void health_take_backups(struct health_backup *out, const struct backup_list *backups, int64_t now_s);

/* Reads the report of the newest drill, if drills are wanted. A failure is in health->drill.trouble. */
void health_look_drill(struct health *health, const struct health_settings *settings, const struct call *call);

/* Estimates how fast the disk of pg_wal fills, from earlier samples in the spool and from the WAL that waits. */
void health_look_disk(struct health *out);

/* Judges each check by the thresholds. */
void health_judge(const struct health *health, const struct thresholds *thresholds, struct health_report *out);

enum status health_print_text(const struct health *health, const struct health_report *report,
			      const struct console *console, struct error *err);
enum status health_print_json(const struct health *health, const struct health_report *report,
			      const struct console *console, struct error *err);

/* Appends OpenMetrics text, version 1.0.0, that parsers of Prometheus' older text format read too. */
enum status health_metrics(struct buffer *out, const struct health *health, const struct health_report *report,
			   struct error *err);

#endif
