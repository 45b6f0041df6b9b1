#include "base/retry.h"

static enum status jitter_ms(const struct call *call, unsigned tries, int64_t *out, struct error *err)
{
	uint32_t fraction;
	int64_t most = tries > 5 ? RETRY_DELAY_MAX_MS : 1000LL << (tries - 1);
	enum status st = random_fill(call->random, &fraction, sizeof fraction, err);
	*out = st ? 0 : (int64_t)(((uint64_t)most * fraction) >> 32);
	return st;
}

/* clock_sleep_ms continues after a signal, so short sleeps notice an interruption soon. */
static void wait_ms(const struct call *call, int64_t ms)
{
	while (ms > 0 && !call_is_interrupted(call)) {
		int64_t piece_ms = call->signal_hold == NULL || ms < RETRY_SLEEP_MAX_MS ? ms : RETRY_SLEEP_MAX_MS;
		clock_sleep_ms(call->clock, piece_ms);
		ms -= piece_ms;
	}
}

static enum status give_up(enum status st, unsigned tries, int64_t spent_ms, struct error *err)
{
	if (tries == 1)
		return error_wrap(err, st, "no time left for another try");
	return error_wrap(err, st, "gave up after %u tries in %lld s", tries, (long long)(spent_ms + 500) / 1000);
}

enum status retry_run(const struct call *call, retry_fn try_once, void *arg, struct error *err)
{
	int64_t start_ms = clock_monotonic_ms(call->clock);
	if (call_left_ms(call) == 0)
		return error_set(err, STATUS_UNREACHABLE, "timed out");

	for (unsigned tries = 1;; tries++) {
		struct attempt attempt = {0};
		struct error trouble = {0};
		int64_t delay_ms;
		enum status st = try_once(arg, &attempt, err);
		if (!st || !attempt.again || call_is_interrupted(call))
			return st;

		enum status st_random = jitter_ms(call, tries, &delay_ms, &trouble);
		if (st_random) {
			*err = trouble;
			return st_random;
		}
		if (attempt.slow_down)
			delay_ms += RETRY_SLOW_DOWN_MS;
		int64_t left_ms = call_left_ms(call);
		if (delay_ms > left_ms / 2)
			delay_ms = left_ms / 2;
		if (delay_ms < attempt.wait_ms)
			delay_ms = attempt.wait_ms;
		if (left_ms - delay_ms < RETRY_TRY_MIN_MS)
			return give_up(st, tries, clock_monotonic_ms(call->clock) - start_ms, err);

		log_line(call->log, LEVEL_INFO, "%s; retrying in %lld ms (try %u)", err->text, (long long)delay_ms,
			 tries + 1);
		wait_ms(call, delay_ms);
	}
}
