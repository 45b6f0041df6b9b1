#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "command/command.h"
#include "command/options/settings.h"
#include "console/print.h"
#include "repo/repository.h"
#include "repo/s3_credentials.h"
#include "sys/output.h"
#include "text/uri.h"

/* user:password@host or password=...: other commands refuse these values, but this one would print them. */
static bool holds_password(enum option_id id, const char *value)
{
	if (id == OPTION_ID_PG_CONNINFO && strstr(value, "pass") != NULL)
		return true;
	return (id == OPTION_ID_S3_PROXY || id == OPTION_ID_S3_ENDPOINT || id == OPTION_ID_PG_CONNINFO) &&
	       strchr(value, '@') != NULL;
}

static bool is_hidden(enum option_id id, const char *value)
{
	return option_table[id].type == OPTION_SECRET || holds_password(id, value);
}

/* Appends one value of an option. value NULL: the option is not set. */
typedef enum status (*show_fn)(struct buffer *out, enum option_id id, const char *value, const char *source,
			       struct error *err);

/* Prints lines that walship.conf accepts; hidden values become comments. */
static enum status show_text(struct buffer *out, enum option_id id, const char *value, const char *source,
			     struct error *err)
{
	if (value == NULL)
		return buffer_printf(out, err, "; %-18s   is not set\n", option_table[id].name);
	if (is_hidden(id, value))
		return buffer_printf(out, err, "; %-18s = (hidden)   ; %s\n", option_table[id].name, source);
	return buffer_printf(out, err, "%-20s = %s   ; %s\n", option_table[id].name, value, source);
}

static enum status show_json(struct buffer *out, enum option_id id, const char *value, const char *source,
			     struct error *err)
{
	bool set = value != NULL;
	bool shown = set && !is_hidden(id, value);
	return print_line(out,
			  json_pack("{s:s, s:s, s:o, s:o}", "kind", "option", "option", option_table[id].name, "value",
				    print_string(shown ? value : NULL), "source", print_string(set ? source : NULL)),
			  err);
}

static enum status credentials_json(const struct command_context *context, const struct credentials *credentials,
				    struct error *err)
{
	bool ends = credentials->expires_s != 0;
	int64_t left_s = credentials->expires_s - clock_utc_s(context->call->clock);
	return print_json(&context->console,
			  json_pack("{s:s, s:o, s:o, s:b, s:o, s:o}", "kind", "credentials", "source",
				    print_string(credentials->source), "access_key",
				    print_string(credentials->access_key.data), "temporary",
				    (int)(credentials->session_token.len > 0), "expires_time",
				    print_time(credentials->expires_s), "left_seconds", print_integer_if(ends, left_s)),
			  err);
}

static enum status no_credentials(const struct command_context *context, const struct repository_settings *settings,
				  struct error *err)
{
	struct repo_url url;
	CLEANUP(buffer_fini) struct buffer out = {0};
	enum status st = repo_url_parse(&url, settings->url, err);
	if (!st && command_flag(context, "json"))
		return credentials_json(context, &(struct credentials){0}, err);
	if (!st)
		st = buffer_printf(&out, err, "none needed: the repository is the directory %s\n", url.path);
	return st ? st : output_write(context->console.out_fd, "to standard output", out.data, out.len, err);
}

static enum status show_credentials(const struct command_context *context, struct error *err)
{
	CLEANUP(credentials_fini) struct credentials credentials = {0};
	CLEANUP(buffer_fini) struct buffer out = {0};
	struct credential_search search;
	struct repository_settings settings;
	enum status st = settings_repository(&settings, context, err);
	if (!st && !repository_in_s3(&settings))
		return no_credentials(context, &settings, err);
	if (!st)
		st = s3_credentials_find(&settings, context->call, &search, &credentials, err);
	if (st)
		return st;
	if (command_flag(context, "json"))
		return credentials_json(context, &credentials, err);
	st = buffer_printf(&out, err, "source      %s\naccess key  %s\n", credentials.source,
			   credentials.access_key.data);
	if (!st && credentials.session_token.len > 0)
		st = buffer_printf(&out, err, "kind        temporary, with a session token\n");
	if (!st && credentials.expires_s != 0) {
		char expires[UTC_TEXT_SIZE];
		utc_text(credentials.expires_s, expires);
		st = buffer_printf(&out, err, "expires     %s, in %lld s\n", expires,
				   (long long)(credentials.expires_s - clock_utc_s(context->call->clock)));
	}
	return st ? st : output_write(context->console.out_fd, "to standard output", out.data, out.len, err);
}

/* In the order of their lines: the first key encrypts. */
static enum status show_keys(struct buffer *out, const struct config *config, show_fn show, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < config_key_count(config); i++) {
		struct config_key key = config_key(config, i);
		st = show(out, key.id, key.value, key.source, err);
	}
	return st;
}

static enum status show_option(struct buffer *out, const struct config *config, enum option_id id, show_fn show,
			       struct error *err)
{
	bool is_key = id == OPTION_ID_CIPHER_KEY_FILE || id == OPTION_ID_CIPHER_KEY_COMMAND;
	if (is_key && config_key_count(config) > 0)
		return id == OPTION_ID_CIPHER_KEY_FILE ? show_keys(out, config, show, err) : STATUS_OK;
	size_t count = config_list_count(config, id);
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < (count == 0 ? 1 : count); i++)
		st = show(out, id, config_list_item(config, id, i), config_source(config, id), err);
	return st;
}

/* Other commands refuse these settings when they open the repository. The options are shown first: where each is set.
 */
static enum status check_settings(const struct command_context *context, struct error *err)
{
	struct repository_settings settings;
	enum status st = settings_repository(&settings, context, err);
	return st ? st : repository_check_settings(&settings, err);
}

static enum status show_options(const struct command_context *context, struct error *err)
{
	const struct config *config = context->config;
	show_fn show = command_flag(context, "json") ? show_json : show_text;
	struct buffer out = {0};
	enum status st = STATUS_OK;
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		st = show_option(&out, config, id, show, err);
	if (!st)
		st = output_write(context->console.out_fd, "to standard output", out.data, out.len, err);
	buffer_fini(&out);
	return st ? st : check_settings(context, err);
}

enum status command_config(struct command_context *context, struct error *err)
{
	enum status st =
	    command_flag(context, "credentials") ? show_credentials(context, err) : show_options(context, err);
	return st ? error_wrap(err, st, "config") : STATUS_OK;
}
