#include "cli/cli.h"

#include <signal.h>

#include "base/cleanup.h"
#include "cli/arguments.h"
#include "cli/backstop.h"
#include "cli/detach.h"
#include "cli/help.h"
#include "cli/logger.h"
#include "cli/reader.h"
#include "cli/signal_hold.h"
#include "command/options/aws_region.h"
#include "command/options/spool_place.h"

/* Ends a call: logs the error and returns the exit code for PostgreSQL. */
static int report(struct logger *logger, enum status st, enum exit_for reader, const struct error *err)
{
	if (st && st != STATUS_UNREAD && err->text[0] != '\0')
		logger_error(logger, err);
	logger_fini(logger);
	/* In a pipe such as `walship list | head`, a reader that stops early is normal: end as other tools do. */
	if (st == STATUS_UNREAD)
		die_of_signal(SIGPIPE);
	return status_exit_code(st, reader);
}

static enum status run(const struct process *process, const struct arguments *arguments, const struct config *config,
		       const struct log *log, enum exit_for *reader, struct error *err)
{
	int64_t timeout_ms = (int64_t)config_number(config, arguments->command->timeout);
	struct call call = {
	    .clock = &system_clock,
	    .random = &system_random,
	    .log = log,
	    .signal_hold = signal_hold_install(),
	    .deadline_ms = clock_monotonic_ms(&system_clock) + timeout_ms,
	    .step_ms = arguments->command->bound == BOUND_STEP ? timeout_ms : 0,
	    .step_begun = backstop_again,
	};
	struct command_context context = {
	    .config = config,
	    .call = &call,
	    .operands = arguments->operands,
	    .flags = arguments->flags,
	    .environment = (const char *const *)process->environment,
	    .console = {.call = &call,
			.out_fd = process->out_fd,
			.out_is_terminal = isatty(process->out_fd) == 1,
			.terminal_fd = isatty(process->err_fd) == 1 ? process->err_fd : 0,
			.verified = backstop_disarm},
	    .reader = *reader,
	};
	context.detach = detach;
	backstop_arm(&(struct backstop){.timeout_ms = timeout_ms,
					.err_fd = process->err_fd,
					.reader = &context.reader,
					.command = arguments->command->name,
					.operand = arguments->operand_count > 0 ? arguments->operands[0] : ""});
	enum status st = arguments->command->run(&context, err);
	backstop_disarm();
	*reader = context.reader;
	return st;
}

int cli_run(const struct process *process)
{
	struct error err = {0};
	struct arguments arguments;
	CLEANUP(config_freep) struct config *config = NULL;
	struct logger logger;
	logger_init(&logger, process->err_fd);
	enum status st = arguments_parse(&arguments, process->argc, process->argv, &err);
	enum exit_for reader = reader_of(&arguments);
	if (st)
		return report(&logger, st, reader, &err);
	if (arguments.help || arguments.version || arguments.command == NULL || arguments.command->run == NULL)
		return report(&logger, help_print(process->out_fd, &arguments, &err), reader, &err);
	logger.command = arguments.command->name;
	logger.verbose = arguments.verbose;
	struct config_input input = {
	    .options = arguments.options,
	    .option_count = arguments.option_count,
	    .environment = (const char *const *)process->environment,
	    .path = arguments.config_path,
	    /* keygen comes before the walship.conf that will name the key, even if WALSHIP_CONFIG is already set. */
	    .without_file = arguments.command->run == command_keygen,
	};
	st = config_load(&config, &input, &err);
	if (!st)
		st = aws_region_complete(config, input.environment, &err);
	if (!st)
		st = spool_place_complete(config, input.environment, &err);
	if (!st) {
		logger_open(&logger, config);
		st = run(process, &arguments, config, &logger.log, &reader, &err);
	} else if (arguments.command->run == command_fetch) {
		reader = command_fetch_unconfigured(arguments.operands);
	}
	return report(&logger, st, reader, &err);
}

int cli_fail(const struct process *process, enum status st, const struct error *err)
{
	struct error ignored = {0};
	struct arguments arguments;
	struct logger logger;
	logger_init(&logger, process->err_fd);
	(void)arguments_parse(&arguments, process->argc, process->argv, &ignored);
	return report(&logger, st, reader_of(&arguments), err);
}
