/* walship status: what there is to see of archiving, what it means, and how it is told. */
#ifndef WALSHIP_MONITOR_HEALTH_H
#define WALSHIP_MONITOR_HEALTH_H

#include "base/buffer.h"
#include "console/console.h"
#include "monitor/failures.h"
#include "monitor/notified.h"
#include "monitor/notify.h"
#include "monitor/thresholds.h"
#include "pg/data/checkpoint.h"
#include "pg/data/control.h"
#include "pg/data/pending.h"
#include "repo/cluster_id.h"
#include "repo/settings.h"

enum health_format { HEALTH_TEXT, HEALTH_JSON, HEALTH_PROMETHEUS };

/* Texts are the caller's own. */
struct health_settings {
	const struct repository_settings *repository;
	struct cluster_hint cluster;
	const char *spool; /* as for spool_prepare */
	struct thresholds thresholds;
	enum health_format format;
	const char *metrics_file; /* written beside the output, in Prometheus' format; NULL: none is */
	int64_t push_timeout_ms;  /* no push takes longer */
	struct notify_settings notify;
	bool sends; /* notify-command is run when there is news */
};

/*
 * Looks, judges, prints and, if wanted, notifies. STATUS_OK, STATUS_WARNING, STATUS_UNKNOWN or STATUS_CRITICAL, with an
 * empty error, once all that is printed. Another status, with its error: nothing could be judged, or the output failed
 * and is not CRITICAL.
 */
enum status health_run(const struct health_settings *settings, const struct console *console, struct error *err);

#define HEALTH_GAPS_MAX 8 /* named; what more there are is counted */

/* Segments that are missing between others. */
struct health_gap {
	struct wal_name first, last;
	uint64_t segments;
};

/* What the newest part of the repository says. */
struct health_archive {
	bool known; /* else trouble says why not */
	struct error trouble;
	uint64_t objects;       /* looked at */
	struct wal_name newest; /* segment; text "" when there is none */
	int64_t newest_s;       /* UTC, when it was stored */
	bool older;             /* there is none in the newest directories, but something in older ones */
	bool coverage_known;    /* what follows is */
	struct health_gap gaps[HEALTH_GAPS_MAX];
	uint64_t gap_count;         /* of those that wait in pg_wal none is counted */
	uint64_t missing;           /* segments in them */
	uint64_t on_their_way;      /* missing, and waiting in pg_wal */
	int64_t restorable_s;       /* UTC; 0: nothing can be restored */
	struct wal_name restorable; /* the last segment before the first gap behind it */
};

/* Everything that was looked at. */
struct health {
	const char *repo; /* its URL; the settings' own */
	int64_t now_s;
	uint64_t system_id;
	bool local; /* there is a data directory */
	struct data_directory directory;
	struct checkpoint checkpoint; /* state NULL: not known */
	bool running;                 /* the server's process is there, as far as can be seen from here */
	bool pending_known;           /* else pending_trouble says why not */
	struct pending pending;
	struct error pending_trouble;
	bool disk_known;
	uint64_t disk_free, disk_total; /* bytes */
	uint64_t disk_bytes_per_s;      /* at which it fills; 0: it does not, or that is not known yet */
	int64_t disk_full_s;            /* until it is full; -1: not at this rate */
	bool spool_known;               /* notes, failures and notified are those of this pg_wal's pushes */
	struct push_notes notes;
	struct error spool_trouble;
	struct failures failures; /* of a count of 0 when the last push succeeded, or none has been tried */
	struct notified notified;
	struct health_archive archive;
};

enum health_level { HEALTH_OK, HEALTH_WARNING, HEALTH_UNKNOWN, HEALTH_CRITICAL, HEALTH_LEVEL_COUNT };

#define HEALTH_TEXT_MAX 1400 /* an error's text, and what it is about */

/* One thing that is well or not. */
struct health_check {
	const char *name;
	enum health_level level;
	bool skipped; /* it is OK because nothing was looked at */
	char text[HEALTH_TEXT_MAX];
	char hint[ERROR_HINT_MAX];
};

enum {
	HEALTH_CHECK_ARCHIVE,
	HEALTH_CHECK_BACKLOG,
	HEALTH_CHECK_PUSHES,
	HEALTH_CHECK_CHAIN,
	HEALTH_CHECK_DISK,
	HEALTH_CHECK_COUNT
};

struct health_report {
	enum health_level level; /* the worst */
	struct health_check checks[HEALTH_CHECK_COUNT];
};

/* "OK", "WARNING", "UNKNOWN", "CRITICAL" */
const char *health_level_name(enum health_level level);

/* The status that has the exit code of a monitoring plugin. */
enum status health_level_status(enum health_level level);

/* The machine's side: data directory, pg_wal, disk, spool. STATUS_USAGE when neither the data directory nor the system identifier is known. */
enum status health_look_local(struct health *out, const struct health_settings *settings, const struct call *call,
			      struct error *err);

/* The repository's side, its newest part only, within the call's deadline. What goes wrong is in out->archive.trouble.
 */
void health_look_archive(struct health *out, const struct health_settings *settings, const struct call *call);

/* How fast the disk of pg_wal fills, by the looks before this one, kept in the spool, and by the WAL that waits. */
void health_look_disk(struct health *out);

/* What it means, by the thresholds. */
void health_judge(const struct health *health, const struct thresholds *thresholds, struct health_report *out);

enum status health_print_text(const struct health *health, const struct health_report *report,
			      const struct console *console, struct error *err);
enum status health_print_json(const struct health *health, const struct health_report *report,
			      const struct console *console, struct error *err);

/* OpenMetrics text, version 1.0.0, which Prometheus' own older format can be read as, too. */
enum status health_metrics(struct buffer *out, const struct health *health, const struct health_report *report,
			   struct error *err);

#endif
