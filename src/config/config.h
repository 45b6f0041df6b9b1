/*
 * The effective configuration: command line over WALSHIP_* environment over walship.conf over AWS_*
 * environment over defaults. A list is taken whole from the strongest source that has it.
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
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum uri_style { URI_STYLE_AUTO, URI_STYLE_PATH, URI_STYLE_HOST };

enum s3_no_replace { S3_NO_REPLACE_CONDITION, S3_NO_REPLACE_LOOK };
enum s3_client { S3_CLIENT_NATIVE, S3_CLIENT_LIBS3 };
enum answer { ANSWER_NO, ANSWER_YES };

struct config_pair {
	const char *name; /* without dashes */
	const char *value;
};

struct config_input {
	const struct config_pair *options; /* of the command line, in their order */
	size_t option_count;
	const char *const *environment; /* "NAME=value" strings, then NULL */
	bool without_file;              /* no walship.conf is read */
	const char *path; /* of --config; NULL: WALSHIP_CONFIG, else CONFIG_PATH_DEFAULT if that is there */
};

struct config;

/*
 * STATUS_USAGE names the source (file:line, variable, option) and what is wrong; unknown names get the
 * nearest valid one as a hint. The caller owns *out.
 */
enum status config_load(struct config **out, const struct config_input *input, struct error *err);

/* As config_load with defaults and the text of one walship.conf only, called path in messages. */
enum status config_load_text(struct config **out, const char *text, size_t len, const char *path, struct error *err);

void config_free(struct config *config);
void config_freep(struct config **config);

/* Of the walship.conf that was read; NULL without one. */
const char *config_path(const struct config *config);

/* NULL when unset. The configuration's own. */
const char *config_text(const struct config *config, enum option_id id);

/* The value of an INTEGER, DURATION (milliseconds), SIZE (bytes) or CHOICE (its enum above); 0 when unset. */
uint64_t config_number(const struct config *config, enum option_id id);

size_t config_list_count(const struct config *config, enum option_id id);
const char *config_list_item(const struct config *config, enum option_id id, size_t index);

/*
 * Where a secret is: ids are the options for its value, its file and its command, the last of which may be
 * OPTION_COUNT. The option with the strongest source counts; SECRET_UNSET when all are unset. STATUS_USAGE as
 * config_strongest.
 */
enum status config_secret(const struct config *config, const enum option_id ids[3], struct secret_source *out,
			  struct error *err);

/* The option secret-files, which is for every file with a secret but walship.conf. */
enum secret_files config_secret_files(const struct config *config);

/*
 * Which of several options for one thing has the strongest source: OPTION_COUNT when all are unset. STATUS_USAGE when
 * that one has two of them.
 */
enum status config_strongest(const struct config *config, const enum option_id *ids, size_t count, enum option_id *out,
			     struct error *err);

/* Where a key of the repository is. */
struct config_key {
	enum option_id id;  /* OPTION_ID_CIPHER_KEY_FILE or OPTION_ID_CIPHER_KEY_COMMAND */
	const char *value;  /* the path, or the command's line; the configuration's own */
	const char *source; /* as config_source */
	size_t line;        /* of walship.conf; 0: from elsewhere */
};

/*
 * The keys, files and commands together in the order in which they are written; the first one encrypts. (In the
 * environment, which has no order, files are first.) The stronger source of the two lists has all of them.
 */
size_t config_key_count(const struct config *config);

/* index is below config_key_count. */
struct config_key config_key(const struct config *config, size_t index);

/*
 * Where the value comes from, for people: "default", "/etc/walship/walship.conf:12", "WALSHIP_REPO", "--repo"; of a
 * list its last item.
 */
const char *config_source(const struct config *config, enum option_id id);

#endif
