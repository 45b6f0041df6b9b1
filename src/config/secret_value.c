/* Selects among the options that give a secret as a value, a file or a command, and lists the configured keys. */
#include "config/private.h"

enum status config_strongest(const struct config *config, const enum option_id *ids, size_t count, enum option_id *out,
			     struct error *err)
{
	enum option_id rival = OPTION_COUNT;
	*out = OPTION_COUNT;
	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = &config->settings[ids[i]];
		const struct setting *best = *out == OPTION_COUNT ? NULL : &config->settings[*out];
		if (setting->count == 0 || (best != NULL && setting->rank < best->rank))
			continue;
		/* A tie is harmless if a stronger option follows. */
		bool ties = best != NULL && setting->rank == best->rank;
		rival = ties ? ids[i] : OPTION_COUNT;
		*out = ties ? *out : ids[i];
	}
	if (rival == OPTION_COUNT)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "%s and %s are both set (%s, %s)", option_table[*out].name,
			option_table[rival].name, config_source(config, *out), config_source(config, rival));
	return error_hint(err, STATUS_USAGE, "remove one of the two");
}

enum secret_files config_secret_files(const struct config *config)
{
	uint64_t choice = config_number(config, OPTION_ID_SECRET_FILES);
	return (enum secret_files)choice;
}

enum status config_secret(const struct config *config, const enum option_id ids[3], struct secret_source *out,
			  struct error *err)
{
	static const enum secret_kind kinds[] = {SECRET_VALUE, SECRET_FILE, SECRET_COMMAND};
	size_t count = ids[2] == OPTION_COUNT ? 2 : 3;
	enum option_id strongest;
	*out = (struct secret_source){0};
	enum status st = config_strongest(config, ids, count, &strongest, err);
	for (size_t i = 0; !st && strongest != OPTION_COUNT && i < count; i++)
		if (ids[i] == strongest)
			*out = (struct secret_source){kinds[i], option_table[strongest].name,
						      config_text(config, strongest)};
	return st;
}

/* The setting of id, or an empty one if the other option has a stronger source. */
static const struct setting *key_list(const struct config *config, enum option_id id, enum option_id other)
{
	static const struct setting none;
	const struct setting *setting = &config->settings[id];
	const struct setting *rival = &config->settings[other];
	return rival->count > 0 && rival->rank > setting->rank ? &none : setting;
}

size_t config_key_count(const struct config *config)
{
	return key_list(config, OPTION_ID_CIPHER_KEY_FILE, OPTION_ID_CIPHER_KEY_COMMAND)->count +
	       key_list(config, OPTION_ID_CIPHER_KEY_COMMAND, OPTION_ID_CIPHER_KEY_FILE)->count;
}

struct config_key config_key(const struct config *config, size_t index)
{
	const struct setting *files = key_list(config, OPTION_ID_CIPHER_KEY_FILE, OPTION_ID_CIPHER_KEY_COMMAND);
	const struct setting *commands = key_list(config, OPTION_ID_CIPHER_KEY_COMMAND, OPTION_ID_CIPHER_KEY_FILE);
	size_t file = 0, command = 0;
	for (;;) {
		bool is_file = command == commands->count ||
			       (file < files->count && files->items[file].order <= commands->items[command].order);
		const struct setting *list = is_file ? files : commands;
		const struct item *item = &list->items[is_file ? file++ : command++];
		if (file + command <= index)
			continue;
		return (struct config_key){
		    .id = is_file ? OPTION_ID_CIPHER_KEY_FILE : OPTION_ID_CIPHER_KEY_COMMAND,
		    .value = item->text,
		    .source = item->source,
		    .line = list->rank == RANK_FILE ? item->order : 0,
		};
	}
}
