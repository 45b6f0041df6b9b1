/* key list, key rotate: keys/key_rotate.h makes the key and proves the present ones; walship.conf is changed here. */
#include "command/command.h"
#include "command/options/settings.h"
#include "config/edit.h"
#include "keys/key_list.h"
#include "keys/key_rotate.h"

enum status command_key_list(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	const struct key_list_params params = {.settings = &settings,
					       .call = context->call,
					       .console = &context->console,
					       .prefix = context->operands[0],
					       .json = command_flag(context, "json")};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = key_list_run(&params, err);
	return st ? error_wrap(err, st, "key list") : STATUS_OK;
}

static enum status rotate(struct key_rotation *rotation, struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	bool write = command_flag(context, "write");
	enum status st = key_rotation_begin(rotation, context->operands[0], err);
	/* A walship.conf that cannot be changed is reported before a key is made. */
	if (!st && write)
		st = config_check_put_key_first(config, rotation->path, err);
	if (!st)
		st = key_rotation_make(rotation, err);
	if (!st && write)
		st = config_put_key_first(config, rotation->path, err);
	return st ? st : key_rotation_print(rotation, config_path(config), write, err);
}

enum status command_key_rotate(struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	struct key_rotation rotation = {.settings = &settings,
					.call = context->call,
					.console = &context->console,
					.cluster = settings_cluster(context->config)};
	enum status st = settings_repository(&settings, context, err);
	if (!st)
		st = rotate(&rotation, context, err);
	return st ? error_wrap(err, st, "key rotate %s", context->operands[0]) : STATUS_OK;
}
