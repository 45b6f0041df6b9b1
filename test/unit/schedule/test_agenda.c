/* A schedule over a year, with everything that happens to servers and clocks, against what cron says was due. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "schedule/agenda.h"
#include "schedule/schedule_note.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define MINUTE 60
#define HOUR 3600
#define DAY (24 * HOUR)
#define CALM_S (2 * HOUR + 40 * MINUTE) /* the longest wait after a failure, a look, and the longest run */
#define RUNS_MAX 40000
#define MACHINES 2
#define SYSTEM_ID 7601921254259666965ULL

static struct error err;
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static bool one_in(uint64_t n)
{
	return draw(n) == 0;
}

static int64_t utc(const char *text)
{
	int64_t seconds;
	assert_true(utc_parse(text, &seconds));
	return seconds;
}

static const char *const times[TASK_COUNT] = {
    [TASK_FULL] = "0 2 * * sun",    [TASK_DIFF] = "30 2 * * *",   [TASK_INCR] = "0 */6 * * *",
    [TASK_DUMP] = "0 3 * * *",      [TASK_EXPIRE] = "15 2 * * *", [TASK_VERIFY] = "0 5 * * sat",
    [TASK_MIRROR] = "45 */3 * * *", [TASK_DRILL] = "0 3 1 * *"};

struct run {
	enum task task;
	int64_t begun_s;  /* by the true clock */
	int64_t label_s;  /* by the machine's clock */
	int64_t stored_s; /* by the store's */
	unsigned machine;
};

/* A stretch of true time in which more, or less, than the usual may happen. */
struct stretch {
	int64_t begin_s, end_s;
};

struct stretches {
	struct stretch items[4000];
	size_t count;
};

static struct year {
	const char *zone;
	int64_t begin_s, end_s, now_s, skew_s;
	bool is_directory;
	bool ends_well; /* of each task that runs */
	unsigned primary;
	struct schedule_note notes[MACHINES];
	struct run runs[RUNS_MAX]; /* that succeeded */
	size_t run_count;
	struct stretches trouble; /* no run can be expected */
	struct stretches doubt;   /* a clock is wrong: runs may come twice */
	struct stretches moved;   /* another machine, which has notes of its own */
} year;

static void add(struct stretches *to, int64_t begin_s, int64_t end_s)
{
	assert_true(to->count < sizeof to->items / sizeof to->items[0]);
	to->items[to->count++] = (struct stretch){begin_s, end_s};
}

static bool touches(const struct stretches *of, int64_t begin_s, int64_t end_s)
{
	for (size_t i = 0; i < of->count; i++)
		if (of->items[i].begin_s < end_s && of->items[i].end_s >= begin_s)
			return true;
	return false;
}

/* Whether a part of the time is long enough, and quiet. */
static bool has_calm(int64_t begin_s, int64_t end_s)
{
	for (int64_t at = begin_s; at + CALM_S <= end_s; at += MINUTE)
		if (!touches(&year.trouble, at, at + CALM_S))
			return true;
	return false;
}

static int64_t machine_s(void)
{
	return year.now_s + year.skew_s;
}

/* As schedule_refresh: nothing is remembered but the note and the repository. */
static void refresh(struct agenda *agenda)
{
	struct schedule_note *note = &year.notes[year.primary];
	*agenda = (struct agenda){0};
	schedule_note_clamp(note, machine_s());
	for (enum task task = 0; task < TASK_COUNT; task++) {
		struct task_state *state = &agenda->tasks[task];
		state->scheduled = true;
		assert_ok(cron_parse(&state->cron, times[task], &err), err);
		state->since_s = note->since_s;
		state->succeeded_s = task_leaves_objects(task) ? 0 : note->tasks[task].succeeded_s;
		state->failed_s = note->tasks[task].failed_s;
		state->failures = note->tasks[task].failures;
	}
	for (size_t i = year.run_count > 200 ? year.run_count - 200 : 0; i < year.run_count; i++)
		if (task_leaves_objects(year.runs[i].task))
			agenda_take_backup(agenda, year.runs[i].task, year.runs[i].label_s, year.runs[i].stored_s,
					   machine_s());
}

/* As note_outcome of schedule_run.c. */
static void run_task(enum task task)
{
	struct schedule_note *note = &year.notes[year.primary];
	int64_t label_s = machine_s(), begun_s = year.now_s;
	bool good = year.ends_well;
	year.now_s += task_is_backup(task) ? (int64_t)draw(30 * MINUTE) : (int64_t)draw(5 * MINUTE);
	note->tasks[task].failed_s = good ? 0 : machine_s();
	note->tasks[task].failures = good ? 0 : note->tasks[task].failures + 1;
	if (!good) {
		add(&year.trouble, begun_s, year.now_s);
		return;
	}
	note->tasks[task].succeeded_s = label_s;
	assert_true(year.run_count < RUNS_MAX);
	/* A directory has no other clock than the machine's: later, a due time takes the backup of a wrong one for its
	 * own. */
	if (year.skew_s != 0 && year.is_directory)
		add(&year.doubt, label_s, label_s);
	year.runs[year.run_count++] =
	    (struct run){task, begun_s, label_s, year.is_directory ? label_s : begun_s, year.primary};
}

static int64_t look(void)
{
	struct agenda agenda;
	refresh(&agenda);
	for (enum task task = 0; (task = agenda_first(&agenda, task, machine_s())) < TASK_COUNT; task++) {
		run_task(task);
		refresh(&agenda);
	}
	int64_t wait_s = agenda_next_s(&agenda) - machine_s();
	/* A task may be due again after those behind it. */
	return wait_s < MINUTE ? MINUTE : wait_s < 10 * MINUTE ? wait_s : 10 * MINUTE;
}

/* A restart forgets all but the file. */
static void restart(const char *spool)
{
	struct schedule_note read;
	struct schedule_note *note = &year.notes[year.primary];
	assert_ok(schedule_note_write(note, spool, SYSTEM_ID + year.primary, &err), err);
	schedule_note_read(&read, spool, SYSTEM_ID + year.primary);
	assert_memory_equal(&read, note, sizeof read);
	*note = read;
}

static void outage(int64_t longest_s)
{
	int64_t begin_s = year.now_s;
	year.now_s += (int64_t)draw((uint64_t)longest_s);
	add(&year.trouble, begin_s, year.now_s);
}

/* The store is away, or the backup's server: runs fail. */
static void failures(void)
{
	int64_t begin_s = year.now_s, end_s = begin_s + (int64_t)draw(9 * HOUR);
	year.ends_well = false;
	while (year.now_s < end_s)
		year.now_s += look();
	year.ends_well = true;
	add(&year.trouble, begin_s, year.now_s);
}

/* The clock is wrong for a while; what was due then is told from the true time. */
static void wrong_clock(void)
{
	static const int64_t most[] = {50, HOUR, DAY, 40 * DAY};
	int64_t begin_s = year.now_s, end_s = begin_s + (int64_t)draw(12 * HOUR);
	int64_t size = (int64_t)draw((uint64_t)most[draw(4)]);
	year.skew_s = one_in(2) ? size : -size;
	while (year.now_s < end_s)
		year.now_s += look();
	year.skew_s = 0;
	/* Until the due times of the wrong clock's runs are over. */
	add(&year.doubt, begin_s, year.now_s);
	add(&year.trouble, begin_s, year.now_s);
}

static void fail_over(void)
{
	year.primary = (year.primary + 1) % MACHINES;
	add(&year.moved, year.now_s, year.now_s);
}

static void live(const char *spool)
{
	while (year.now_s < year.end_s) {
		int64_t wait_s = look();
		/* Pushes come when they come; walship schedule wakes on time. */
		year.now_s += one_in(3) ? 1 + (int64_t)draw(10 * MINUTE) : wait_s;
		if (one_in(300))
			restart(spool);
		if (one_in(600))
			outage(one_in(4) ? 9 * DAY : 10 * HOUR);
		if (one_in(500))
			failures();
		if (one_in(3000))
			wrong_clock();
		if (one_in(4000))
			fail_over();
	}
}

static void complain(enum task task, int64_t due_s, const char *what)
{
	char text[UTC_TEXT_SIZE];
	utc_text(due_s, text);
	fail_msg("%s: %s, due at %s, %s", year.zone, task_name(task), text, what);
}

/* Of the runs from a due time to the next: one that counts, and none of this task behind one that counts. */
static unsigned judge(enum task task, int64_t due_s, int64_t next_s)
{
	unsigned counting = 0;
	bool knows = task_leaves_objects(task) || !touches(&year.moved, due_s, next_s);
	for (size_t i = 0; i < year.run_count; i++) {
		const struct run *run = &year.runs[i];
		bool counts = run->task == task || (task_is_backup(task) && run->task < task);
		if (!counts || run->begun_s < due_s || run->begun_s >= next_s)
			continue;
		if (run->task == task && counting > 0 && knows && !touches(&year.doubt, due_s - 2 * DAY, next_s))
			complain(task, due_s, "ran although it was done");
		counting++;
	}
	/* A clock that goes back says that the runs before it are done. */
	bool expected = knows && has_calm(due_s, next_s) && !touches(&year.doubt, due_s - DAY, next_s);
	if (counting == 0 && expected)
		complain(task, due_s, "did not run");
	return counting;
}

static void judge_year(void)
{
	size_t done = 0;
	for (enum task task = 0; task < TASK_COUNT; task++) {
		struct cron cron;
		assert_ok(cron_parse(&cron, times[task], &err), err);
		int64_t due_s = cron_next(&cron, year.begin_s);
		for (int64_t next_s; (next_s = cron_next(&cron, due_s)) < year.end_s; due_s = next_s)
			done += judge(task, due_s, next_s) > 0;
	}
	/* A run that tested nothing fails. */
	assert_true(done > 1200 && year.trouble.count > 40 && year.doubt.count > 1 && year.moved.count > 1);
}

static int64_t first_s(enum task task)
{
	for (size_t i = 0; i < year.run_count; i++)
		if (year.runs[i].task == task)
			return year.runs[i].begun_s;
	return INT64_MAX;
}

static void a_year(void **unused)
{
	(void)unused;
	static const char *const zones[] = {"Europe/Berlin", "America/Toronto", "Australia/Lord_Howe"};
	const char *given = getenv("TEST_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 2654435761U | 1;
	print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
	random_state = seed;
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		assert_int_equal(setenv("TZ", zones[i], 1), 0);
		tzset();
		year = (struct year){.zone = zones[i],
				     .ends_well = true,
				     .is_directory = i == 0,
				     .begin_s = utc("2026-12-31T23:17:00Z")};
		year.now_s = year.begin_s;
		year.end_s = year.begin_s + 400 * DAY;
		live(scratch_path(&test_dir, "spool"));
		/* The first by itself. */
		assert_int_equal(year.runs[0].task, TASK_FULL);
		assert_int_equal(year.runs[0].begun_s, year.begin_s);
		assert_true(first_s(TASK_DUMP) < year.begin_s + 2 * HOUR);
		judge_year();
	}
}

static struct agenda daily(int64_t since_s)
{
	struct agenda agenda = {0};
	agenda.tasks[TASK_VERIFY].scheduled = true;
	agenda.tasks[TASK_VERIFY].since_s = since_s;
	assert_ok(cron_parse(&agenda.tasks[TASK_VERIFY].cron, "0 2 * * *", &err), err);
	return agenda;
}

static void use_utc(void)
{
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
}

static void a_missed_run_is_made_up_for_once(void **unused)
{
	(void)unused;
	use_utc();
	struct agenda agenda = daily(utc("2027-01-01T12:00:00Z"));
	struct task_state *state = &agenda.tasks[TASK_VERIFY];
	assert_int_equal(agenda_due_s(&agenda, TASK_VERIFY), utc("2027-01-02T02:00:00Z"));
	assert_int_equal(agenda_first(&agenda, 0, utc("2027-01-02T01:59:59Z")), TASK_COUNT);
	assert_int_equal(agenda_first(&agenda, 0, utc("2027-01-09T12:00:00Z")), TASK_VERIFY);
	state->succeeded_s = utc("2027-01-09T12:00:00Z");
	assert_int_equal(agenda_next_s(&agenda), utc("2027-01-10T02:00:00Z"));
}

static void a_failure_is_retried_ever_more_rarely(void **unused)
{
	(void)unused;
	static const int64_t waits[] = {600, 1200, 2400, 3600, 3600};
	use_utc();
	struct agenda agenda = daily(utc("2027-01-01T12:00:00Z"));
	struct task_state *state = &agenda.tasks[TASK_VERIFY];
	state->failed_s = utc("2027-01-02T02:30:00Z");
	for (state->failures = 1; state->failures <= 5; state->failures++)
		assert_int_equal(agenda_due_s(&agenda, TASK_VERIFY), state->failed_s + waits[state->failures - 1]);
	state->failures = UINT32_MAX;
	assert_int_equal(agenda_due_s(&agenda, TASK_VERIFY), state->failed_s + 3600);
	/* Not before it is due. */
	state->succeeded_s = utc("2027-01-02T02:45:00Z");
	assert_int_equal(agenda_due_s(&agenda, TASK_VERIFY), utc("2027-01-03T02:00:00Z"));
}

static void another_machine_makes_a_backup(void **unused)
{
	(void)unused;
	use_utc();
	struct agenda agenda = daily(utc("2027-01-01T12:00:00Z"));
	agenda.tasks[TASK_FULL] = agenda.tasks[TASK_VERIFY];
	agenda.busy_until_s = utc("2027-01-01T12:10:00Z");
	assert_int_equal(agenda_due_s(&agenda, TASK_FULL), agenda.busy_until_s);
	assert_int_equal(agenda_due_s(&agenda, TASK_VERIFY), utc("2027-01-02T02:00:00Z"));
	agenda.busy_until_s = 0;
	assert_int_equal(agenda_due_s(&agenda, TASK_FULL), utc("2027-01-01T12:00:00Z"));
}

static void a_greater_backup_counts(void **unused)
{
	(void)unused;
	use_utc();
	struct agenda agenda = {0};
	int64_t now = utc("2027-01-01T12:00:00Z");
	for (enum task task = TASK_FULL; task <= TASK_INCR; task++) {
		agenda.tasks[task].scheduled = true;
		agenda.tasks[task].since_s = now;
		assert_ok(cron_parse(&agenda.tasks[task].cron, "0 2 * * *", &err), err);
	}
	/* No backup at all: a full one at once. */
	assert_int_equal(agenda_first(&agenda, 0, now), TASK_FULL);
	agenda_take_backup(&agenda, TASK_FULL, now, now + 5, now + 10);
	assert_int_equal(agenda_first(&agenda, 0, now + 10), TASK_COUNT);
	agenda_take_backup(&agenda, TASK_INCR, now + DAY, 0, now + DAY);
	assert_int_equal(agenda_first(&agenda, 0, now + DAY), TASK_FULL);
	agenda_take_backup(&agenda, TASK_FULL, now + DAY, 0, now + DAY);
	assert_int_equal(agenda_first(&agenda, 0, now + DAY), TASK_COUNT);
}

static void a_time_in_the_future_is_not_believed(void **unused)
{
	(void)unused;
	struct agenda agenda = {0};
	int64_t now = utc("2027-01-01T12:00:00Z");
	agenda_take_backup(&agenda, TASK_FULL, now + DAY, 0, now);
	assert_int_equal(agenda.tasks[TASK_FULL].succeeded_s, 0);
	agenda_take_backup(&agenda, TASK_FULL, now + DAY, now - HOUR, now);
	assert_int_equal(agenda.tasks[TASK_FULL].succeeded_s, now - HOUR);
	/* The clock of another machine, or of the store. */
	agenda_take_backup(&agenda, TASK_FULL, now + 30, now + 40, now);
	assert_int_equal(agenda.tasks[TASK_FULL].succeeded_s, now);
	struct schedule_note note = {.since_s = now + DAY};
	note.tasks[TASK_VERIFY].succeeded_s = note.tasks[TASK_VERIFY].failed_s = now + DAY;
	schedule_note_clamp(&note, now);
	assert_int_equal(note.since_s, now);
	assert_int_equal(note.tasks[TASK_VERIFY].succeeded_s, now);
	assert_int_equal(note.tasks[TASK_VERIFY].failed_s, now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_year, test_dir_make, test_dir_remove),
	    cmocka_unit_test(a_missed_run_is_made_up_for_once),
	    cmocka_unit_test(a_failure_is_retried_ever_more_rarely),
	    cmocka_unit_test(another_machine_makes_a_backup),
	    cmocka_unit_test(a_greater_backup_counts),
	    cmocka_unit_test(a_time_in_the_future_is_not_believed),
	};
	return cmocka_run_group_tests_name("schedule/agenda", tests, NULL, NULL);
}
