#include "drill/drill.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "drill/checks.h"
#include "drill/keep.h"
#include "drill/later_wal.h"
#include "drill/moment.h"
#include "drill/tool.h"
#include "recovery/recovery_settings.h"
#include "sys/newfile.h"

#define VERSION_PER_MAJOR 10000

struct drill {
	const struct drill_params *params;
	struct workspace workspace;
	struct drill_report report;
	struct drill_server server;
	struct tool_environment environment;
	char bindir[SERVER_BINDIR_MAX];
	char moment[MOMENT_TEXT_MAX];
	struct target target;
	struct buffer restore_command, bounded_command;
};

static int64_t now_ms(const struct drill *drill)
{
	return clock_monotonic_ms(drill->params->call->clock);
}

static void spend(struct drill *drill, enum drill_part part, int64_t begun_ms)
{
	drill->report.ran[part] = true;
	drill->report.ms[part] = now_ms(drill) - begun_ms;
}

static enum status take_target(struct drill *drill, struct error *err)
{
	const struct drill_params *params = drill->params;
	const struct target_options options = {.time = params->target_time,
					       .action = params->target_time == NULL ? NULL : "promote"};
	if (params->random)
		return moment_choose(&drill->target, drill->moment, params, drill->report.system_id, err);
	return target_parse(&drill->target, &options, err);
}

/* A spool of its own: nothing of the server's spool is used, and nothing stays. */
static enum status make_restore_command(struct drill *drill, struct error *err)
{
	enum status st = buffer_printf(&drill->restore_command, err, "%s", drill->params->restore_command);
	if (!st)
		st = recovery_command_word(&drill->restore_command, "--spool", err);
	return st ? st : recovery_command_word(&drill->restore_command, drill->workspace.spool, err);
}

static struct restore_params restore_params_of(struct drill *drill, const struct call *call)
{
	const struct drill_params *params = drill->params;
	return (struct restore_params){
	    .settings = params->settings,
	    .call = call,
	    .console = params->console,
	    .directory = drill->workspace.data,
	    .system_id = drill->report.system_id,
	    .target = &drill->target,
	    .tablespace_parent = drill->workspace.tablespaces,
	    .result = &drill->report.restored,
	    .threads = params->threads,
	    .memory_bytes = params->memory_bytes,
	    .clone = true,
	    .all_timelines = params->all_timelines,
	    .restore_command = buffer_text(&drill->restore_command),
	};
}

/* Finds, and restores; adds a finding for the part in which it stopped. */
static enum status restore(struct drill *drill)
{
	struct error err = {0};
	struct drill_report *report = &drill->report;
	struct restore_result *result = &report->restored;
	int64_t begun_ms = now_ms(drill);
	struct call call = *drill->params->call;
	call.step_ms = drill->params->restore_step_ms;
	call = call_step(&call);
	enum status st = take_target(drill, &err);
	int64_t aimed_ms = now_ms(drill) - begun_ms;
	if (!st)
		st = make_restore_command(drill, &err);
	const struct restore_params params = restore_params_of(drill, &call);
	if (!st)
		st = restore_run(&params, &err);
	(void)call_step(drill->params->call);
	if (result->system_id != 0)
		report->system_id = result->system_id;
	report->ran[DRILL_CHOOSE] = true;
	report->ms[DRILL_CHOOSE] = aimed_ms + result->choose_ms;
	report->ran[DRILL_SCAN] = result->chosen;
	report->ms[DRILL_SCAN] = result->scan_ms;
	if (result->room_checked)
		spend(drill, DRILL_RESTORE, begun_ms + report->ms[DRILL_CHOOSE] + result->scan_ms);
	if (st)
		report_find(report,
			    result->room_checked  ? DRILL_RESTORE
			    : result->scan_failed ? DRILL_SCAN
						  : DRILL_CHOOSE,
			    st, &err);
	return st;
}

/* The configuration of a server whose files lie elsewhere, as on Debian, is not in the copy. */
static enum status complete_settings(const struct drill *drill, struct error *err)
{
	const struct restore_result *result = &drill->report.restored;
	char path[PATH_MAX];
	if (!result->no_postgresql_conf)
		return STATUS_OK;
	if ((size_t)snprintf(path, sizeof path, "%s/postgresql.conf", drill->workspace.data) >= sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", drill->workspace.data);
	return newfile_put(path, result->settings, strlen(result->settings), err);
}

/* A drill to the end of the WAL goes as far as a recovery of this moment would. */
static enum status take_later_wal(struct drill *drill)
{
	struct drill_report *report = &drill->report;
	struct error err = {0};
	const struct call call = call_step(drill->params->call);
	struct later_wal wal = {.workspace = &drill->workspace,
				.call = &call,
				.environment = drill->environment.items,
				.restore_command = buffer_text(&drill->restore_command),
				.system_id = report->system_id,
				.last = report->restored.last_segment};
	int64_t begun_ms = now_ms(drill);
	if (!report->to_end || wal.last[0] == '\0')
		return STATUS_OK;
	enum status st = later_wal_fetch(&wal, &err);
	(void)call_step(drill->params->call);
	report->later_segments = wal.segments;
	report->restored.replay_segments += wal.segments;
	if (wal.segments > 0)
		report->restored.least_lsn = wal.lsn;
	report->ms[DRILL_SCAN] += now_ms(drill) - begun_ms;
	if (st)
		report_find(report, st == STATUS_CONFLICT ? DRILL_SCAN : DRILL_REPLAY, st, &err);
	return st;
}

/*
 * The server that archives goes on meanwhile. A segment behind those that the drill has looked at is not replayed:
 * names of segments sort as their places do, and a history's before those of its segments.
 */
static enum status bound_command(struct drill *drill, struct error *err)
{
	const char *last = drill->report.restored.last_segment;
	if (!drill->report.to_end || last[0] == '\0')
		return STATUS_OK;
	enum status st = buffer_printf(&drill->bounded_command, err,
				       "restore_command=if LC_ALL=C expr X%%f '<=' X%s >/dev/null; then %s; "
				       "else test -f ../" WORKSPACE_WAL "/%%f && cp ../" WORKSPACE_WAL "/%%f %%p; fi",
				       last, buffer_text(&drill->restore_command));
	drill->server.restore_command = buffer_text(&drill->bounded_command);
	return st;
}

static enum status recover(struct drill *drill)
{
	struct error err = {0};
	const struct call call = call_step(drill->params->call);
	int64_t begun_ms = now_ms(drill);
	drill->server.call = &call;
	drill->server.major = (unsigned)(drill->report.restored.server_version / VERSION_PER_MAJOR);
	enum status st = server_find_programs(drill->bindir, drill->params->pg_bindir, drill->server.major, &call,
					      drill->environment.items, &err);
	if (!st)
		st = complete_settings(drill, &err);
	if (!st)
		st = bound_command(drill, &err);
	if (!st)
		st = server_start(&drill->server, &err);
	if (!st)
		st = server_wait(&drill->server, &err);
	spend(drill, DRILL_REPLAY, begun_ms);
	drill->server.call = drill->params->call;
	if (st)
		report_find(&drill->report, DRILL_REPLAY, st, &err);
	return st;
}

static void check(struct drill *drill, enum drill_part part, void (*run)(const struct checks *checks))
{
	const struct call call = call_step(drill->params->call);
	const struct checks checks = {drill->params, &call, &drill->server, &drill->report};
	int64_t begun_ms = now_ms(drill);
	if (call_is_interrupted(&call))
		return;
	drill->server.call = &call;
	run(&checks);
	drill->server.call = drill->params->call;
	spend(drill, part, begun_ms);
}

static void stop(struct drill *drill)
{
	bool clean;
	struct error err;
	bool ran = drill->server.pid != 0;
	server_stop(&drill->server, &clean);
	if (clean || !ran || !drill->report.opened || call_is_interrupted(drill->params->call))
		return;
	(void)error_set(&err, STATUS_DAMAGED, "the restored server did not shut down cleanly");
	report_find(&drill->report, DRILL_OPEN, STATUS_DAMAGED, &err);
}

static void check_all(struct drill *drill)
{
	check(drill, DRILL_OPEN, check_open);
	if (drill->report.opened && drill->params->sql_count > 0)
		check(drill, DRILL_SQL, check_sql);
	if (drill->report.opened)
		check(drill, DRILL_AMCHECK, check_amcheck);
	stop(drill);
	if (drill->report.checksums)
		check(drill, DRILL_CHECKSUMS, check_checksums);
}

/* A recovery of today goes to the end of the WAL, from the newest backup. The parts grow with bytes and segments. */
static void estimate(struct drill *drill)
{
	struct drill_report *report = &drill->report;
	const struct restore_result done = report->restored;
	struct restore_result today = {0};
	struct error ignored = {0};
	report->estimate_ms = report_rto_ms(report);
	if (report->to_end || report->estimate_ms < 0)
		return;
	const struct target_options end = {0};
	const struct call call = call_step(drill->params->call);
	struct restore_params params = restore_params_of(drill, &call);
	/* The workspace is gone; what is above it is there. */
	params.directory = drill->workspace.root;
	params.tablespace_parent = drill->params->directory;
	params.result = &today;
	params.dry_run = true;
	report->estimate_ms = -1;
	if (drill->params->keep || target_parse(&drill->target, &end, &ignored) || restore_run(&params, &ignored) ||
	    done.bytes == 0 || done.replay_segments == 0)
		return;
	report->estimate_ms =
	    report->ms[DRILL_CHOOSE] + report->ms[DRILL_OPEN] +
	    (int64_t)((double)report->ms[DRILL_RESTORE] * (double)today.bytes / (double)done.bytes) +
	    (int64_t)((double)report->ms[DRILL_REPLAY] * (double)today.replay_segments / (double)done.replay_segments);
}

/* In the directory, under the hold of signals: the server is stopped whatever happens. */
static enum status rehearse(struct drill *drill, struct error *err)
{
	const struct drill_params *params = drill->params;
	struct error trouble = {0};
	enum status st = restore(drill);
	call_hold(params->call);
	if (!st && !take_later_wal(drill) && !recover(drill))
		check_all(drill);
	stop(drill);
	if (params->keep && drill->report.restored.room_checked)
		drill->report.kept = drill->workspace.data;
	else if (workspace_remove(&drill->workspace, &trouble))
		st = error_set(err, STATUS_LOCAL, "%s", trouble.text);
	else
		st = STATUS_OK;
	call_release(params->call);
	return drill->report.kept != NULL ? STATUS_OK : st;
}

static enum status print(const struct drill *drill, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	const struct drill_params *params = drill->params;
	enum status st =
	    params->json ? report_json(&text, &drill->report, err) : report_text(&text, &drill->report, err);
	if (!st && !params->json && drill->report.name.label[0] != '\0')
		st = buffer_printf(&text, err, "report     %s\n", drill->report.name.object);
	return st ? st : print_text(params->console, &text, err);
}

/* Without an open backup the key may be the wrong one, and the report would be sealed with it. */
static bool is_worth_keeping(const struct drill_report *report)
{
	return report->system_id != 0 && report->restored.backups_open;
}

static enum status conclude(struct drill *drill, enum status st, struct error *err)
{
	struct drill_report *report = &drill->report;
	struct error trouble = {0};
	if (st)
		log_line(drill->params->call->log, LEVEL_ERROR, "drill: %s", err->text);
	report->ended_s = clock_utc_s(drill->params->call->clock);
	enum status kept = is_worth_keeping(report) ? keep_report(report, drill->params, &trouble) : STATUS_OK;
	enum status printed = print(drill, err);
	if (printed)
		return printed;
	if (kept && report->finding_count > 0)
		log_line(drill->params->call->log, LEVEL_ERROR, "drill: %s", trouble.text);
	if (report->finding_count > 0) {
		const struct drill_finding *first = &report->findings[0];
		(void)error_set(err, first->status, "%s: %s", drill_part_name(first->part), first->text);
		return error_hint(err, first->status, "%s%s%s", first->hint, first->hint[0] == '\0' ? "" : "; ",
				  report_meaning(first));
	}
	if (kept)
		*err = trouble;
	return kept ? kept : st;
}

static enum status run(struct drill *drill, struct error *err)
{
	const struct drill_params *params = drill->params;
	struct data_directory directory;
	tool_environment_forget(params->environment);
	enum status st = cluster_id_find(&params->cluster, NULL, &directory, &drill->report.system_id, err);
	if (!st)
		st = workspace_become_owner(params->directory, err);
	if (!st)
		st = workspace_open(&drill->workspace, params->directory, params->call, err);
	if (!st)
		st = tool_environment_make(&drill->environment, params->environment, NULL, NULL, err);
	if (st)
		return st;
	drill->server = (struct drill_server){.workspace = &drill->workspace,
					      .call = params->call,
					      .bindir = drill->bindir,
					      .environment = drill->environment.items};
	st = rehearse(drill, err);
	estimate(drill);
	return conclude(drill, st, err);
}

enum status drill_run(const struct drill_params *params, struct error *err)
{
	struct drill drill = {.params = params,
			      .workspace = {.lock_fd = -1, .root_fd = -1},
			      .report = {.begun_s = clock_utc_s(params->call->clock),
					 .to_end = params->target_time == NULL && !params->random,
					 .random = params->random,
					 .estimate_ms = -1}};
	enum status st = run(&drill, err);
	report_fini(&drill.report);
	tool_environment_fini(&drill.environment);
	buffer_fini(&drill.restore_command);
	buffer_fini(&drill.bounded_command);
	workspace_fini(&drill.workspace);
	return st;
}
