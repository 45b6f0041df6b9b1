#include "recovery/window_times.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "recovery/moment.h"

void window_times_read(struct window_times *out, const struct window_reader *reader, const struct coverage *coverage,
		       const struct coverage_window *window)
{
	CLEANUP(line_fini) struct line line = {0};
	struct error err = {0};
	struct moment_search search = {.line = &line,
				       .coverage = coverage,
				       .repo = reader->repo,
				       .call = reader->call,
				       .progress = reader->progress,
				       .notes = reader->notes,
				       .notes_only = reader->notes_only,
				       .first = window->first,
				       .end = window->last + 1};
	struct window_times read = {0};
	*out = read;
	enum status st = line_of(&line, coverage, window->timeline, &err);
	if (!st)
		st = moment_first_end(&search, &read.first_us, &err);
	if (!st)
		out->first_us = read.first_us;
	if (!st)
		st = moment_last_time(&search, &read.last_us, &err);
	if (!st)
		out->last_us = read.last_us;
	if (reader->progress != NULL)
		progress_clear(reader->progress);
	if (st)
		log_line(reader->call->log, LEVEL_WARNING,
			 "could not read the commit times of timeline %" PRIu32 "'s window: %s", window->timeline,
			 err.text);
}
