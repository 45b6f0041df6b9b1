#include "inventory/reachable.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "inventory/cluster.h"

/* What a recovery would do, or why there is none. */
struct answer {
	const struct choose_params *params;
	struct choice choice;
	enum status status;
	struct error reason; /* unless status is STATUS_OK */
	bool is_reached;
};

static void answer_fini(struct answer *answer)
{
	choice_fini(&answer->choice);
}

static json_t *json_lsn_if(bool known, uint64_t lsn)
{
	char text[LSN_TEXT_MAX];
	lsn_text(lsn, text);
	return known ? json_string(text) : json_null();
}

static json_t *answer_json(const struct answer *answer)
{
	const struct choice *choice = &answer->choice;
	const struct branch *branch = &choice->branch;
	bool chosen = answer->status == STATUS_OK;
	return json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", "moment", "system_id",
			 print_system_id(answer->params->coverage->system_id), "at_time",
			 print_time_us(answer->params->target->time_us), "reachable", (int)answer->is_reached, "backup",
			 print_string(chosen ? branch->backup->label.text : NULL), "timeline",
			 print_integer_if(chosen, branch->line.timeline), "timeline_reason",
			 print_string(choice->timeline_reason), "previous_commit_time",
			 print_time_us(branch->moment.before_us), "stop_lsn", json_lsn_if(chosen, branch->moment.lsn),
			 "replay_segments", print_integer_if(chosen, (int64_t)choice->replay_segments), "reason",
			 print_string(chosen ? NULL : answer->reason.text), "hint",
			 print_string(chosen ? NULL : answer->reason.hint));
}

static enum status show_place(struct buffer *out, const struct choice *choice, struct error *err)
{
	const struct branch *branch = &choice->branch;
	char lsn[LSN_TEXT_MAX], time[TARGET_TIME_MAX];
	lsn_text(branch->moment.lsn, lsn);
	target_time_text(branch->moment.before_us, time);
	enum status st = buffer_printf(out, err, "  backup     %s: %s\n  timeline   %" PRIu32 "%s%s\n",
				       branch->backup->label.text, choice->backup_reason, branch->line.timeline,
				       choice->timeline_reason[0] == '\0' ? "" : ": ", choice->timeline_reason);
	if (!st)
		st = buffer_printf(out, err,
				   "  recovery   replays %" PRIu64 " segment%s and stops before the commit at LSN %s\n",
				   choice->replay_segments, choice->replay_segments == 1 ? "" : "s", lsn);
	if (!st && branch->moment.before_us != 0)
		st = buffer_printf(out, err, "  the last commit before the moment is that of %s\n", time);
	return st;
}

static enum status answer_show(struct buffer *out, const struct answer *answer, struct error *err)
{
	char moment[TARGET_TEXT_MAX];
	target_text(answer->params->target, moment);
	enum status st =
	    buffer_printf(out, err, "%s cluster %" PRIu64 " %s be recovered to %s\n", answer->is_reached ? "✓" : "✗",
			  answer->params->coverage->system_id, answer->is_reached ? "can" : "cannot", moment);
	if (!st && answer->status == STATUS_OK)
		return show_place(out, &answer->choice, err);
	if (!st)
		st = buffer_printf(out, err, "  %s\n", answer->reason.text);
	if (!st && answer->reason.hint[0] != '\0')
		st = buffer_printf(out, err, "  %s\n", answer->reason.hint);
	return st;
}

enum status reachable_show(struct reachable *reachable, const struct choose_params *params, struct error *err)
{
	CLEANUP(answer_fini) struct answer answer = {.params = params};
	CLEANUP(buffer_fini) struct buffer text = {0};
	answer.status = choose(&answer.choice, params, &answer.reason);
	if (params->progress != NULL)
		progress_clear(params->progress);
	if (answer.status != STATUS_OK && answer.status != STATUS_USAGE && answer.status != STATUS_INCOMPLETE &&
	    answer.status != STATUS_DAMAGED) {
		*err = answer.reason;
		return answer.status;
	}
	answer.is_reached = answer.status == STATUS_OK || answer.choice.several;
	reachable->clusters++;
	reachable->reached += answer.is_reached;
	if (answer.status == STATUS_DAMAGED)
		reachable->worst = STATUS_DAMAGED;
	else if (!answer.is_reached && reachable->worst == STATUS_OK)
		reachable->worst = STATUS_INCOMPLETE;
	if (reachable->json)
		return print_json(reachable->console, answer_json(&answer), err);
	enum status st = answer_show(&text, &answer, err);
	return st ? st : print_text(reachable->console, &text, err);
}
