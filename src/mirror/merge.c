#include "mirror/merge.h"

#include <string.h>

/* One side: the object that comes next. */
struct side {
	const struct merge_input *input;
	const char *what;
	struct mirror_entry entry;
	bool end;
	bool begun;
};

static enum status advance(struct side *side, struct error *err)
{
	char before[sizeof side->entry.name];
	(void)strcpy(before, side->entry.name);
	enum status st = side->input->next(side->input->arg, &side->entry, &side->end, err);
	if (!st && !side->end && side->begun && strcmp(before, side->entry.name) >= 0)
		st = error_set(err, STATUS_UNREACHABLE, "the listing of the %s is not in order: %.200s after %.200s",
			       side->what, side->entry.name, before);
	side->begun = true;
	return st;
}

/* Below 0: the original's name comes first; 0: both are the same. */
static int compare(const struct side *original, const struct side *copy)
{
	if (original->end || copy->end)
		return copy->end ? -1 : 1;
	return strcmp(original->entry.name, copy->entry.name);
}

enum status merge_run(const struct merge *merge, struct error *err)
{
	struct side original = {.input = &merge->original, .what = "repository"};
	struct side copy = {.input = &merge->copy, .what = "copy"};
	enum status st = advance(&original, err);
	if (!st)
		st = advance(&copy, err);
	while (!st && !(original.end && copy.end)) {
		int order = compare(&original, &copy);
		st = merge->each(merge->arg, order <= 0 ? &original.entry : NULL, order >= 0 ? &copy.entry : NULL, err);
		if (!st && order <= 0)
			st = advance(&original, err);
		if (!st && order >= 0)
			st = advance(&copy, err);
	}
	return st;
}
