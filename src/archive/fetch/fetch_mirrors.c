#include "archive/fetch/fetch_mirrors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sys/note.h"
#include "sys/spool.h"
#include "text/uri.h"

#define KIND "away"
#define PATH_SIZE (SPOOL_PATH_MAX + 16)
#define AWAY_LEAST_S 60
#define AWAY_MOST_S 900
#define AWAY_FACTOR 10 /* a recovery waits for the repository that is away in a tenth of its time at most */

static bool note_path(const struct repository_settings *settings, char path[PATH_SIZE])
{
	char spool[SPOOL_PATH_MAX];
	struct error ignored = {0};
	if (spool_prepare(settings->spool, spool, &ignored))
		return false;
	(void)snprintf(path, PATH_SIZE, "%s/away", spool);
	return true;
}

bool fetch_is_away(const struct repository_settings *settings, const struct call *call)
{
	char path[PATH_SIZE], url[URI_PATH_MAX];
	struct note note;
	int64_t until_s, now_s = clock_utc_s(call->clock);
	return note_path(settings, path) && note_read(&note, KIND, path) && note_text(&note, "repo", url, sizeof url) &&
	       strcmp(url, settings->url) == 0 && note_seconds(&note, "until", &until_s) && now_s < until_s &&
	       until_s - now_s <= AWAY_MOST_S;
}

/* A note that cannot be written costs time, no more. */
static void note_away(const struct repository_settings *settings, const struct call *call, int64_t took_ms)
{
	char path[PATH_SIZE];
	struct note note;
	struct error ignored = {0};
	int64_t wait_s = took_ms / 1000 * AWAY_FACTOR;
	if (!note_path(settings, path))
		return;
	wait_s = wait_s < AWAY_LEAST_S ? AWAY_LEAST_S : wait_s > AWAY_MOST_S ? AWAY_MOST_S : wait_s;
	note_begin(&note, KIND);
	note_put(&note, "repo", "%s", settings->url);
	note_put(&note, "until", "%" PRId64, clock_utc_s(call->clock) + wait_s);
	if (note_end(&note))
		(void)note_replace(&note, path, &ignored);
}

/* The state of one fetch_from_any. */
struct round {
	const struct repository_settings *settings;
	const struct mirrors *mirrors;
	const struct call *call;
	const struct fetch_attempt *attempt;
	size_t left; /* repositories that were not asked yet */
	bool final;
	/* Of the repository, or of the attempt that was final; the first of a mirror that neither has nor lacks the
	 * file. */
	enum status own, other;
	struct error own_err, other_err;
};

static struct call share(const struct round *round)
{
	struct call call = *round->call;
	int64_t now_ms = clock_monotonic_ms(call.clock);
	if (call.deadline_ms > now_ms)
		call.deadline_ms = now_ms + (call.deadline_ms - now_ms) / (int64_t)round->left;
	return call;
}

static enum status ask_own(struct round *round)
{
	const struct call call = share(round);
	int64_t began_ms = clock_monotonic_ms(call.clock);
	enum status st =
	    round->attempt->run(round->attempt->arg, round->settings, &call, &round->final, &round->own_err);
	if (st == STATUS_UNREACHABLE)
		note_away(round->settings, &call, clock_monotonic_ms(call.clock) - began_ms);
	/* No other repository helps against a mistake on the command line, or a full disk of this machine. */
	round->final |= st == STATUS_USAGE || st == STATUS_LOCAL;
	round->own = st;
	round->left--;
	return st;
}

static enum status ask_mirror(struct round *round, size_t index)
{
	const struct call call = share(round);
	const struct repository_settings *settings;
	struct error trouble = {0};
	enum status st = round->mirrors->settings(round->mirrors->arg, index, &settings, &trouble);
	if (!st) {
		st = round->attempt->run(round->attempt->arg, settings, &call, &round->final, &trouble);
		if (!st)
			log_line(call.log, LEVEL_INFO, "%s: from the mirror %s", round->attempt->name, settings->url);
		else
			(void)error_wrap(&trouble, st, "mirror %s", settings->url);
	}
	round->left--;
	if (round->final) {
		round->own = st;
		round->own_err = trouble;
	} else if (st && st != STATUS_MISSING && !round->other) {
		round->other = st == STATUS_LOCAL ? STATUS_LOCAL : STATUS_UNREACHABLE;
		round->other_err = trouble;
	}
	return st;
}

static enum status ask_mirrors(struct round *round)
{
	enum status st = STATUS_MISSING;
	for (size_t i = 0; st && !round->final && i < round->mirrors->count; i++)
		st = ask_mirror(round, i);
	return st;
}

/* When nobody had the file. */
static enum status judge(const struct round *round, struct error *err)
{
	bool others = !round->final && round->own == STATUS_MISSING && round->other;
	*err = others ? round->other_err : round->own_err;
	return others ? round->other : round->own;
}

enum status fetch_from_any(const struct repository_settings *settings, const struct mirrors *mirrors,
			   const struct call *call, const struct fetch_attempt *attempt, struct error *err)
{
	struct round round = {.settings = settings, .mirrors = mirrors, .call = call, .attempt = attempt, .left = 1};
	bool ignored = false;
	if (mirrors->count == 0)
		return attempt->run(attempt->arg, settings, call, &ignored, err);
	round.left += mirrors->count;
	bool away = fetch_is_away(settings, call);
	if ((away ? ask_mirrors(&round) : ask_own(&round)) == STATUS_OK)
		return STATUS_OK;
	if (!away && round.own != STATUS_MISSING && !round.final)
		log_line(call->log, LEVEL_WARNING, "asking the mirrors for %s: %s", attempt->name, round.own_err.text);
	if (!round.final && (away ? ask_own(&round) : ask_mirrors(&round)) == STATUS_OK)
		return STATUS_OK;
	return judge(&round, err);
}
