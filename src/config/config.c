#include "config/private.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/environment.h"
#include "config/foreign_variable.h"
#include "config/ini.h"

#define SOURCE_MAX (PATH_MAX + 16)

/* One source of values: a line of a file, a variable, an option. */
struct source {
	enum rank rank;
	const char *text;
	size_t order; /* the line number or the option's position; 0: none */
};

static void clear(struct setting *setting)
{
	for (size_t i = 0; i < setting->count; i++) {
		explicit_bzero(setting->items[i].text, strlen(setting->items[i].text));
		free(setting->items[i].text);
		free(setting->items[i].source);
	}
	free(setting->items);
	setting->items = NULL;
	setting->count = 0;
}

static enum status add_item(struct setting *setting, const char *value, size_t len, const struct source *source,
			    struct error *err)
{
	struct item *items = reallocarray(setting->items, setting->count + 1, sizeof *items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	setting->items = items;
	struct item item = {.text = strndup(value, len), .source = strdup(source->text), .order = source->order};
	if (item.text == NULL || item.source == NULL) {
		free(item.text);
		free(item.source);
		return error_set(err, STATUS_LOCAL, "out of memory");
	}
	items[setting->count++] = item;
	return STATUS_OK;
}

/* A variable is a single string: ':' separates the items, as in PATH. */
static enum status add_items(struct setting *setting, const char *value, const struct source *source, struct error *err)
{
	for (;;) {
		size_t len = strcspn(value, ":");
		if (len == 0)
			return error_hint(err, error_set(err, STATUS_USAGE, "contains an empty item"),
					  "':' separates the items");
		enum status st = add_item(setting, value, len, source, err);
		if (st || value[len] == '\0')
			return st;
		value += len + 1;
	}
}

/* Whether a second value from a source of the same kind is allowed. */
static enum status check_repeated(enum option_id id, const struct setting *setting, const struct source *source,
				  struct error *err)
{
	if (option_is_list(id) || source->rank == RANK_COMMAND)
		return STATUS_OK;
	return error_hint(err, error_set(err, STATUS_USAGE, "is already set at %s", setting->items[0].source),
			  "remove one of the two");
}

static enum status assign(struct config *config, enum option_id id, const char *value, const struct source *source,
			  struct error *err)
{
	struct setting *setting = &config->settings[id];
	uint64_t number;
	enum status st = option_parse(id, value, &number, err);
	if (!st && setting->count > 0 && setting->rank == source->rank)
		st = check_repeated(id, setting, source, err);
	if (st || setting->rank > source->rank)
		return st;
	/* The last occurrence on the command line wins. Lists grow within one kind of source. */
	if (setting->rank < source->rank || !option_is_list(id))
		clear(setting);
	setting->rank = source->rank;
	setting->number = number;
	if (option_table[id].type == OPTION_LIST && source->rank == RANK_ENVIRONMENT)
		return add_items(setting, value, source, err);
	return add_item(setting, value, strlen(value), source, err);
}

static enum status set(struct config *config, enum option_id id, const char *value, const struct source *source,
		       struct error *err)
{
	enum status st = assign(config, id, value, source, err);
	if (!st)
		return STATUS_OK;
	/* The text of a variable or option already is its name; that of a line is a place. */
	if (source->rank == RANK_FILE)
		return error_wrap(err, st, "%s: %s", source->text, option_table[id].name);
	return error_wrap(err, st, "%s", source->text);
}

/* Sets the error for an unknown name. source and nearest may be NULL. */
static enum status unknown(const struct source *source, const char *what, const char *name, const char *nearest,
			   struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "%s%sunknown %s '%.64s'", source == NULL ? "" : source->text,
			source == NULL ? "" : ": ", what, name);
	return nearest == NULL ? error_hint(err, STATUS_USAGE, "see walship help")
			       : error_hint(err, STATUS_USAGE, "did you mean %s?", nearest);
}

static enum status load_defaults(struct config *config, struct error *err)
{
	struct source source = {RANK_DEFAULT, "default", 0};
	enum status st = STATUS_OK;
	for (enum option_id id = 0; !st && id < OPTION_COUNT; id++)
		if (option_table[id].value != NULL)
			st = set(config, id, option_table[id].value, &source, err);
	return st;
}

/* AWS_REGION and similar variables are weaker than walship.conf. The first one that is set applies. */
static enum status load_also(struct config *config, const char *const *environment, struct error *err)
{
	for (enum option_id id = 0; id < OPTION_COUNT; id++) {
		const char *name = option_table[id].also;
		while (name != NULL && *name != '\0') {
			char text[OPTION_VARIABLE_MAX];
			size_t len = strcspn(name, ":");
			(void)snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1),
				       name);
			struct source source = {RANK_ALSO, text, 0};
			const char *value = environment_value(environment, name, len);
			if (value != NULL && value[0] != '\0') {
				enum status st = set(config, id, value, &source, err);
				if (st)
					return st;
				break;
			}
			name += len + (name[len] == ':');
		}
	}
	return STATUS_OK;
}

/* A misspelled variable is an error, so that it is not silently ignored. */
static enum status load_environment(struct config *config, const char *const *environment, struct error *err)
{
	static const char begin[] = "WALSHIP_";
	for (; environment != NULL && *environment != NULL; environment++) {
		char name[OPTION_VARIABLE_MAX];
		char lower[OPTION_VARIABLE_MAX];
		size_t len = strcspn(*environment, "=");
		if (strncmp(*environment, begin, sizeof begin - 1) != 0 || (*environment)[len] == '\0')
			continue;
		(void)snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1),
			       *environment);
		if (strcmp(name, "WALSHIP_CONFIG") == 0)
			continue;
		enum option_id id = 0;
		while (id < OPTION_COUNT && (option_variable(id, lower), strcmp(lower, name) != 0))
			id++;
		if (id == OPTION_COUNT && variable_is_foreign(*environment, len))
			continue;
		if (id == OPTION_COUNT) {
			for (size_t i = 0; name[i] != '\0'; i++)
				lower[i] = name[i] == '_' ? '-' : (char)(name[i] | 0x20), lower[i + 1] = '\0';
			const char *nearest = option_nearest(lower + strlen(begin));
			char variable[OPTION_VARIABLE_MAX];
			if (nearest != NULL)
				option_variable(option_find(nearest), variable);
			return unknown(NULL, "environment variable", name, nearest == NULL ? NULL : variable, err);
		}
		struct source source = {RANK_ENVIRONMENT, name, 0};
		enum status st = set(config, id, *environment + len + 1, &source, err);
		if (st)
			return st;
	}
	return STATUS_OK;
}

static enum status take_option(struct config *config, const struct config_pair *pair, size_t place, struct error *err)
{
	char text[SOURCE_MAX];
	(void)snprintf(text, sizeof text, "--%s", pair->name);
	struct source source = {RANK_COMMAND, text, place};
	enum option_id id = option_find(pair->name);
	if (id == OPTION_COUNT) {
		const char *nearest = option_nearest(pair->name);
		(void)error_set(err, STATUS_USAGE, "unknown option '--%.64s'", pair->name);
		return nearest == NULL ? error_hint(err, STATUS_USAGE, "see walship help")
				       : error_hint(err, STATUS_USAGE, "did you mean --%s?", nearest);
	}
	if (option_table[id].type == OPTION_SECRET) {
		(void)error_set(err, STATUS_USAGE, "--%s: other users can see the command line", pair->name);
		return error_hint(err, STATUS_USAGE, "put the secret into a file and use --%s-file", pair->name);
	}
	return set(config, id, pair->value, &source, err);
}

/* A '#' behind a blank, which would become part of the value. */
static bool holds_comment(const char *value)
{
	return strstr(value, " #") != NULL || strstr(value, "\t#") != NULL;
}

/* The argument of take_line. */
struct file_load {
	struct config *config;
	const struct ini_file *file;
};

static enum status take_line(void *arg, const struct ini_line *line, struct error *err)
{
	struct file_load *load = arg;
	char text[SOURCE_MAX];
	(void)snprintf(text, sizeof text, "%.*s:%d", PATH_MAX, load->file->path, line->number);
	struct source source = {RANK_FILE, text, (size_t)line->number};
	enum option_id id = option_find(line->name);
	if (id == OPTION_COUNT)
		return unknown(&source, "name", line->name, option_nearest(line->name), err);
	if (option_table[id].type == OPTION_SECRET && load->file->others_can_read) {
		(void)error_set(err, STATUS_USAGE, "%s: %s in a file that other users can read", text, line->name);
		return error_hint(err, STATUS_USAGE, "chmod 600 %s, or use %s-file", load->file->path, line->name);
	}
	if (!option_may_hold_hash(id) && holds_comment(line->value)) {
		(void)error_set(err, STATUS_USAGE, "%s: %s: '#' begins a comment only at the start of a line", text,
				line->name);
		return error_hint(err, STATUS_USAGE, "put the comment on its own line, or begin it with ';'");
	}
	return set(load->config, id, line->value, &source, err);
}

static enum status load_file(struct config *config, const struct config_input *input, struct error *err)
{
	const char *path = input->path;
	if (path == NULL)
		path = environment_value(input->environment, "WALSHIP_CONFIG", strlen("WALSHIP_CONFIG"));
	bool optional = path == NULL;
	CLEANUP(ini_file_fini) struct ini_file file = {0};
	enum status st = ini_file_read(&file, optional ? CONFIG_PATH_DEFAULT : path, err);
	if (st == STATUS_MISSING)
		return optional
			   ? STATUS_OK
			   : error_hint(
				 err, STATUS_USAGE,
				 "--config or WALSHIP_CONFIG names this file; walship help sample prints a template");
	struct file_load load = {config, &file};
	if (!st) {
		config->path = strdup(file.path);
		st = config->path == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
	}
	return st ? st : ini_parse_lines(&file, take_line, &load, err);
}

enum status config_load(struct config **out, const struct config_input *input, struct error *err)
{
	CLEANUP(config_freep) struct config *config = calloc(1, sizeof *config);
	if (config == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = load_defaults(config, err);
	if (!st)
		st = load_also(config, input->environment, err);
	if (!st && !input->without_file)
		st = load_file(config, input, err);
	if (!st && !input->without_variables)
		st = load_environment(config, input->environment, err);
	for (size_t i = 0; !st && i < input->option_count; i++)
		st = take_option(config, &input->options[i], i, err);
	if (!st)
		*out = STEAL(config);
	return st;
}

enum status config_load_text(struct config **out, const char *text, size_t len, const char *path, struct error *err)
{
	CLEANUP(config_freep) struct config *config = calloc(1, sizeof *config);
	if (config == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	CLEANUP(ini_file_fini) struct ini_file file = {.path = path};
	enum status st = secret_set(&file.content, text, len, err);
	struct file_load load = {config, &file};
	if (!st)
		st = load_defaults(config, err);
	if (!st)
		st = ini_parse_lines(&file, take_line, &load, err);
	if (!st)
		*out = STEAL(config);
	return st;
}

bool config_is_default(const struct config *config, enum option_id id)
{
	return config->settings[id].rank == RANK_DEFAULT;
}

enum status config_fall_back(struct config *config, enum option_id id, const char *value, const char *source,
			     struct error *err)
{
	const struct source from = {RANK_ALSO, source, 0};
	return set(config, id, value, &from, err);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (enum option_id id = 0; id < OPTION_COUNT; id++)
		clear(&config->settings[id]);
	free(config->path);
	free(config);
}

void config_freep(struct config **config)
{
	config_free(*config);
}

const char *config_text(const struct config *config, enum option_id id)
{
	return config_list_item(config, id, 0);
}

uint64_t config_number(const struct config *config, enum option_id id)
{
	return config->settings[id].number;
}

size_t config_list_count(const struct config *config, enum option_id id)
{
	return config->settings[id].count;
}

const char *config_list_item(const struct config *config, enum option_id id, size_t index)
{
	return index < config->settings[id].count ? config->settings[id].items[index].text : NULL;
}

const char *config_path(const struct config *config)
{
	return config->path;
}

const char *config_source(const struct config *config, enum option_id id)
{
	const struct setting *setting = &config->settings[id];
	return setting->count == 0 ? "unset" : setting->items[setting->count - 1].source;
}
