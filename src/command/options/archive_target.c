#include "command/options/archive_target.h"

#include <string.h>

#include "base/cleanup.h"
#include "command/options/aws_region.h"
#include "config/config.h"

static struct archive_target target_of(const struct config *config)
{
	return (struct archive_target){
	    .repo = config_text(config, OPTION_ID_REPO),
	    .s3_endpoint = config_text(config, OPTION_ID_S3_ENDPOINT),
	    .s3_region = config_text(config, OPTION_ID_S3_REGION),
	    .region_is_given = strcmp(config_source(config, OPTION_ID_S3_REGION), "default") != 0,
	};
}

enum status archive_target_compare(const struct archive_command *command, const void *ours, struct error *err)
{
	CLEANUP(config_freep) struct config *theirs = NULL;
	struct config_pair options[ARCHIVE_COMMAND_OPTIONS_MAX];
	const struct config_input input = {.options = options,
					   .option_count = command->option_count,
					   .environment = command->environment,
					   .path = command->config_path};
	for (size_t i = 0; i < command->option_count; i++)
		options[i] = (struct config_pair){command->options[i].name, command->options[i].value};
	enum status st = config_load(&theirs, &input, err);
	if (!st)
		st = aws_region_complete(theirs, command->environment, err);
	if (st)
		return error_wrap(err, STATUS_LOCAL, "the configuration of archive_command cannot be read");
	const struct archive_targets targets = {target_of(theirs), target_of(ours)};
	return archive_command_compare(command, &targets, err);
}
