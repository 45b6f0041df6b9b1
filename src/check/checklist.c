#include "check/checklist.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "console/print.h"

struct shown {
	const char *what;
	enum status status;
	const struct finding *finding;
	const struct error *trouble;
	int64_t took_ms;
};

__attribute__((format(printf, 2, 0))) static void say(struct finding *finding, const char *format, va_list arguments)
{
	(void)vsnprintf(finding->detail, sizeof finding->detail, format, arguments);
}

void finding_say(struct finding *finding, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(finding, format, arguments);
	va_end(arguments);
}

enum status finding_skip(struct finding *finding, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(finding, format, arguments);
	va_end(arguments);
	finding->skipped = true;
	return STATUS_OK;
}

static const char *result_of(const struct shown *shown)
{
	if (shown->finding->skipped)
		return "skipped";
	if (!shown->status)
		return "ok";
	return shown->finding->optional ? "warning" : "failed";
}

static enum status show_json(const struct console *console, const struct shown *shown, struct error *err)
{
	bool fine = shown->status == STATUS_OK && !shown->finding->skipped;
	bool trouble = !fine && !shown->finding->skipped;
	return print_json(console,
			  json_pack("{s:s, s:s, s:s, s:f, s:o, s:o, s:o}", "kind", "step", "step", shown->what,
				    "result", result_of(shown), "took_seconds", (double)shown->took_ms / 1000, "detail",
				    print_string(trouble ? NULL : shown->finding->detail), "error",
				    print_string(trouble ? shown->trouble->text : NULL), "hint",
				    print_string(fine ? NULL : shown->trouble->hint)),
			  err);
}

static enum status show_text(const struct console *console, const struct shown *shown, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer out = {0};
	const struct finding *finding = shown->finding;
	bool fine = shown->status == STATUS_OK && !finding->skipped;
	const char *mark = fine ? "✓" : shown->finding->optional || finding->skipped ? "–" : "✗";
	enum status st;
	if (fine && finding->detail[0] == '\0')
		st = buffer_printf(&out, err, "%s %-20s %lld ms\n", mark, shown->what, (long long)shown->took_ms);
	else
		st = buffer_printf(&out, err, "%s %-20s %s\n", mark, shown->what,
				   fine || finding->skipped ? finding->detail : shown->trouble->text);
	if (!st && !fine && shown->trouble->hint[0] != '\0')
		st = buffer_printf(&out, err, "  %-20s hint: %s\n", "", shown->trouble->hint);
	return st ? st : print_text(console, &out, err);
}

enum status checklist_run(struct checklist *list, const char *what, check_fn run, void *arg, bool *passed,
			  struct error *err)
{
	const struct call call = call_step(list->console->call);
	struct finding finding = {0};
	struct error trouble = {0};
	int64_t began_ms = clock_monotonic_ms(call.clock);
	enum status st = run(arg, &call, &finding, &trouble);
	bool wrong = st && !finding.skipped && !finding.optional;
	const struct shown shown = {.what = what,
				    .status = st,
				    .finding = &finding,
				    .trouble = &trouble,
				    .took_ms = clock_monotonic_ms(call.clock) - began_ms};
	list->count += !finding.skipped;
	list->failed += wrong;
	if (wrong && list->status == STATUS_OK)
		list->status = st;
	if (passed != NULL)
		*passed = !wrong;
	return list->json ? show_json(list->console, &shown, err) : show_text(list->console, &shown, err);
}
