/*
 * The effective configuration. The sources, strongest first: command line, WALSHIP_* variables, walship.conf, AWS_*
 * variables, defaults. A list comes entirely from the strongest source that sets it.
 */
#ifndef WALSHIP_CONFIG_CONFIG_H
#define WALSHIP_CONFIG_CONFIG_H

#include <stdbool.h>

#include "config/option.h"
#include "sys/secret.h"
#include "walship/error.h"

#define CONFIG_PATH_DEFAULT "/etc/walship/walship.conf"

enum cipher { CIPHER_AES_256_CBC, CIPHER_NONE };
enum fetch_error { FETCH_ERROR_AUTO, FETCH_ERROR_ABORT, FETCH_ERROR_CONTINUE };
enum fetch_timelines { FETCH_TIMELINES_LIVE, FETCH_TIMELINES_ALL };
enum fetch_partial { FETCH_PARTIAL_AUTO, FETCH_PARTIAL_NEVER };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum uri_style { URI_STYLE_AUTO, URI_STYLE_PATH, URI_STYLE_HOST };

enum s3_no_replace { S3_NO_REPLACE_AUTO, S3_NO_REPLACE_CONDITION, S3_NO_REPLACE_LOOK };
enum backup_start { BACKUP_START_FAST, BACKUP_START_SPREAD };
enum schedule_by { SCHEDULE_OFF, SCHEDULE_PUSH };
enum s3_client { S3_CLIENT_NATIVE, S3_CLIENT_LIBS3 };
enum answer { ANSWER_NO, ANSWER_YES };

struct config_pair {
	const char *name; /* without dashes */
	const char *value;
};

struct config_input {
	const struct config_pair *options; /* from the command line, in order */
	size_t option_count;
	const char *const *environment; /* "NAME=value" strings, then NULL */
	bool without_file;              /* true: read no walship.conf */
	bool without_variables;         /* true: no WALSHIP_* variable counts */
	const char *path;               /* from --config; NULL: WALSHIP_CONFIG, else CONFIG_PATH_DEFAULT if it exists */
};

struct config;

/*
 * STATUS_USAGE: the error names the source (file:line, variable, option) and the problem; for an unknown name the hint
 * suggests the nearest valid one. The caller owns *out.
 */
enum status config_load(struct config **out, const struct config_input *input, struct error *err);

/* As config_load, but only from the defaults and the text of one walship.conf, which messages call path. */
enum status config_load_text(struct config **out, const char *text, size_t len, const char *path, struct error *err);

/* Whether no source sets the option, or only its default does. */
bool config_is_default(const struct config *config, enum option_id id);

/*
 * Replaces the default of an option that config_is_default with a value from a source that is not the configuration's
 * own. source: for messages.
 */
enum status config_fall_back(struct config *config, enum option_id id, const char *value, const char *source,
			     struct error *err);

void config_free(struct config *config);
void config_freep(struct config **config);

/* The path of the walship.conf that was read; NULL if none was. */
const char *config_path(const struct config *config);

/* The option's value, owned by config; NULL when unset. */
const char *config_text(const struct config *config, enum option_id id);

/* The value of an INTEGER, DURATION (milliseconds), SIZE (bytes) or CHOICE (its enum above); 0 when unset. */
uint64_t config_number(const struct config *config, enum option_id id);

size_t config_list_count(const struct config *config, enum option_id id);
const char *config_list_item(const struct config *config, enum option_id id, size_t index);

/*
 * Where to read a secret. ids are the options for its value, its file and its command; the last may be OPTION_COUNT.
 * The option with the strongest source applies; SECRET_UNSET when all are unset. STATUS_USAGE as config_strongest.
 */
enum status config_secret(const struct config *config, const enum option_id ids[3], struct secret_source *out,
			  struct error *err);

/* The option secret-files. It applies to every file with a secret except walship.conf. */
enum secret_files config_secret_files(const struct config *config);

/*
 * Of several alternative options, *out is the one with the strongest source; OPTION_COUNT when all are unset.
 * STATUS_USAGE when that source sets two of them.
 */
enum status config_strongest(const struct config *config, const enum option_id *ids, size_t count, enum option_id *out,
			     struct error *err);

/* One configured encryption key. */
struct config_key {
	enum option_id id;  /* OPTION_ID_CIPHER_KEY_FILE or OPTION_ID_CIPHER_KEY_COMMAND */
	const char *value;  /* the path, or the command line; owned by config */
	const char *source; /* as config_source */
	size_t line;        /* in walship.conf; 0: from another source */
};

/*
 * The number of keys. Key files and key commands form one list, in the order in which they are written; the first key
 * encrypts. (In the environment, which has no order, files come first.) If the two options have different sources, only
 * the stronger one counts.
 */
size_t config_key_count(const struct config *config);

/* The key at index, which must be less than config_key_count. */
struct config_key config_key(const struct config *config, size_t index);

/*
 * The source of the value, for messages: "default", "/etc/walship/walship.conf:12", "WALSHIP_REPO", "--repo". For a
 * list, the source of its last item.
 */
const char *config_source(const struct config *config, enum option_id id);

#endif
