#include "report/report.h"

#include "base/cleanup.h"
#include "console/print.h"
#include "report/page.h"
#include "sys/newfile.h"

#define PAGE_MODE 0644 /* a web server or a colleague reads it, and the page holds no secret */

static enum status write_file(const char *path, const struct buffer *page, struct error *err)
{
	enum status st = newfile_publish(path, PAGE_MODE, page->data, page->len, err);
	return st ? error_wrap(err, st, "%s", path) : STATUS_OK;
}

enum status report_write(const struct report_params *params, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer page = {0};
	CLEANUP(facts_fini) struct facts facts = {0};
	struct progress progress;
	struct html html = {.out = &page};
	const struct call *call = params->console->call;
	const struct facts_params gathering = {.settings = params->repository,
					       .health = params->health,
					       .call = call,
					       .progress = &progress,
					       .system_id = params->system_id};
	progress_begin(&progress, params->console->terminal_fd, call->clock);
	enum status st = facts_gather(&facts, &gathering, err);
	progress_clear(&progress);
	if (st)
		return st;
	page_write(&html, &facts);
	st = html_end(&html, err);
	if (st)
		return st;
	return params->file == NULL ? print_text(params->console, &page, err) : write_file(params->file, &page, err);
}
