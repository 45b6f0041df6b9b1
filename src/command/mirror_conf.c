#include "command/mirror_conf.h"

#include <stdlib.h>
#include <string.h>

void mirror_conf_fini(struct mirror_conf *conf)
{
	config_free(conf->config);
	*conf = (struct mirror_conf){0};
}

enum status mirror_conf_load(struct mirror_conf *out, const struct command_context *context, const char *path,
			     struct error *err)
{
	const struct config_input input = {
	    .environment = context->environment, .without_variables = true, .path = path};
	struct repository_settings own;
	*out = (struct mirror_conf){0};
	enum status st = settings_repository(&own, context, err);
	if (!st)
		st = config_load(&out->config, &input, err);
	struct command_context other = *context;
	other.config = out->config;
	if (!st && config_is_default(out->config, OPTION_ID_REPO))
		st = error_set(err, STATUS_USAGE, "%s: repo is not set, so the file names no copy", path);
	if (!st)
		st = settings_repository(&out->settings, &other, err);
	if (st) {
		mirror_conf_fini(out);
		return st;
	}
	out->settings.encrypt = own.encrypt;
	memcpy(out->settings.keys, own.keys, sizeof own.keys);
	out->settings.key_count = own.key_count;
	out->settings.no_key_hint = own.no_key_hint;
	/* One reader serves the keys of one file and the credentials of the other. */
	if (own.reader.files == SECRET_FILES_ANY)
		out->settings.reader.files = SECRET_FILES_ANY;
	out->settings.spool = own.spool;
	return STATUS_OK;
}

void mirror_confs_fini(struct mirror_confs *confs)
{
	for (size_t i = 0; i < confs->count; i++)
		mirror_conf_fini(&confs->items[i]);
	free(confs->items);
	confs->items = NULL;
	confs->count = 0;
}

static enum status settings_of_mirror(void *arg, size_t index, const struct repository_settings **out,
				      struct error *err)
{
	struct mirror_confs *confs = arg;
	size_t count = config_list_count(confs->context->config, OPTION_ID_MIRROR_CONF);
	if (confs->items == NULL)
		confs->items = calloc(count, sizeof *confs->items);
	if (confs->items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	confs->count = count;
	struct mirror_conf *conf = &confs->items[index];
	const char *path = config_list_item(confs->context->config, OPTION_ID_MIRROR_CONF, index);
	enum status st = conf->config != NULL ? STATUS_OK : mirror_conf_load(conf, confs->context, path, err);
	*out = &conf->settings;
	return st ? error_wrap(err, st, "mirror-conf") : STATUS_OK;
}

struct mirrors mirror_confs_of(struct mirror_confs *confs)
{
	const struct config *config = confs->context->config;
	/* A mirror has today's state, not the state at s3-at-time. */
	bool in_past = config_text(config, OPTION_ID_S3_AT_TIME) != NULL;
	return (struct mirrors){.count = in_past ? 0 : config_list_count(config, OPTION_ID_MIRROR_CONF),
				.settings = settings_of_mirror,
				.arg = confs};
}
