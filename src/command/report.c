/* walship report: from options and flags to the settings of report/report.h. */
#include "report/report.h"

#include "command/command.h"
#include "command/options/settings.h"
#include "command/status.h"

enum status command_report(struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	struct repository_settings repository;
	struct health_schedule schedule;
	struct health_settings health;
	struct report_params params = {
	    .repository = &repository,
	    .health = &health,
	    .console = &context->console,
	    .file = context->operands[0] != NULL ? context->operands[0] : config_text(config, OPTION_ID_REPORT_FILE),
	};
	enum status st = settings_repository(&repository, context, err);
	if (!st)
		st = status_settings(&health, &repository, &schedule, context, err);
	if (!st)
		st = report_write(&params, err);
	return st ? error_wrap(err, st, "report") : STATUS_OK;
}
