#include "check/archive_command.h"

#include <stdio.h>
#include <string.h>

#include "text/uri.h"

/* Characters that a shell interprets. */
#define SHELL_CHARACTERS "|&;<>()$`*?[]{}~#!\n"
#define VARIABLE "WALSHIP_"
#define DESCRIPTION_MAX (ERROR_TEXT_MAX / 2 - 64) /* one error holds two */

static bool is_walship(const char *word)
{
	const char *slash = strrchr(word, '/');
	return strcmp(slash == NULL ? word : slash + 1, "walship") == 0;
}

static void wrong(struct archive_command *out, const char *problem)
{
	out->kind = ARCHIVE_COMMAND_WRONG;
	out->problem = problem;
}

/* Stores "--name value" or "--name=value", which it splits in place. *index advances over a separate value. */
static void take_option(struct archive_command *out, size_t *index)
{
	char *name = out->args.argv[*index] + 2;
	char *value = strchr(name, '=');
	if (value != NULL)
		*value++ = '\0';
	else if (out->args.argv[*index + 1] != NULL)
		value = out->args.argv[++*index];
	if (value == NULL)
		return;
	if (strcmp(name, "config") == 0)
		out->config_path = value;
	else
		out->options[out->option_count++] = (struct archive_command_option){name, value};
}

/* Reads the words after "walship". */
static void read_arguments(struct archive_command *out, size_t first)
{
	const char *operands[2] = {NULL, NULL};
	size_t count = 0;
	for (size_t i = first; i < out->args.count; i++) {
		const char *word = out->args.argv[i];
		if (strncmp(word, "--", 2) == 0 && word[2] != '\0') {
			take_option(out, &i);
		} else if (word[0] != '-') {
			if (count < 2)
				operands[count] = word;
			count++;
		}
	}
	if (operands[0] == NULL || strcmp(operands[0], "push") != 0)
		wrong(out, "archive_command does not call walship push");
	else if (operands[1] == NULL || strstr(operands[1], "%p") == NULL)
		wrong(out, "archive_command does not pass %p to walship push");
	else if (count > 2)
		wrong(out, "archive_command passes more than %p to walship push");
}

/* Whether the command hides a failure of walship from PostgreSQL, as in "walship push %p || true". */
static bool hides_failure(const char *text)
{
	static const char *const endings[] = {"||true", "||:", "||exit0", ";true", ";:", ";exit0"};
	char squeezed[16] = "";
	size_t at = sizeof squeezed - 1;
	for (size_t i = strlen(text); i > 0 && at > 0; i--)
		if (strchr(" \t\n", text[i - 1]) == NULL)
			squeezed[--at] = text[i - 1];
	size_t len = sizeof squeezed - 1 - at;
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		size_t ending = strlen(endings[i]);
		if (len >= ending && memcmp(squeezed + sizeof squeezed - 1 - ending, endings[i], ending) == 0)
			return true;
	}
	return false;
}

void archive_command_read(struct archive_command *out, const char *text)
{
	struct error ignored = {0};
	size_t at = 0;
	size_t variables = 0;
	*out = (struct archive_command){.kind = ARCHIVE_COMMAND_WALSHIP};
	if (strstr(text, "walship") == NULL)
		out->kind = ARCHIVE_COMMAND_FOREIGN;
	else if (strpbrk(text, SHELL_CHARACTERS) != NULL ||
		 argsplit(&out->args, text, "archive_command", &ignored) != STATUS_OK)
		out->kind = ARCHIVE_COMMAND_SHELL;
	if (out->kind == ARCHIVE_COMMAND_SHELL && hides_failure(text))
		wrong(out, "archive_command reports success even when walship push fails: PostgreSQL then removes WAL "
			   "that is stored nowhere else");
	if (out->kind != ARCHIVE_COMMAND_WALSHIP)
		return;
	/* Variables and wrappers such as env, nice and timeout may precede walship. */
	for (; at < out->args.count && !is_walship(out->args.argv[at]); at++)
		if (strncmp(out->args.argv[at], VARIABLE, strlen(VARIABLE)) == 0)
			out->environment[variables++] = out->args.argv[at];
	if (at == out->args.count)
		out->kind = ARCHIVE_COMMAND_SHELL; /* a script with walship in its name */
	else
		read_arguments(out, at + 1);
}

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/*
 * The endpoint identifies other stores than AWS, whose region matters for signatures only; an AWS bucket is in one
 * region.
 */
static bool is_same_store(const struct archive_target *theirs, const struct archive_target *ours)
{
	if (theirs->s3_endpoint != NULL || ours->s3_endpoint != NULL)
		return strcmp(or_empty(theirs->s3_endpoint), or_empty(ours->s3_endpoint)) == 0;
	/* The server's environment, which cannot be read from here, may set AWS_REGION. */
	return !theirs->region_is_given || strcmp(or_empty(theirs->s3_region), or_empty(ours->s3_region)) == 0;
}

/* Whether both name the same directory, or the same bucket, prefix and store. */
static bool is_same(const struct archive_target *theirs, const struct archive_target *ours)
{
	struct repo_url url_a, url_b;
	struct error ignored = {0};
	if (repo_url_parse(&url_a, or_empty(theirs->repo), &ignored) ||
	    repo_url_parse(&url_b, or_empty(ours->repo), &ignored))
		return strcmp(or_empty(theirs->repo), or_empty(ours->repo)) == 0;
	return url_a.kind == url_b.kind && strcmp(url_a.bucket, url_b.bucket) == 0 &&
	       strcmp(url_a.path, url_b.path) == 0 && (url_a.kind != REPO_S3 || is_same_store(theirs, ours));
}

/* The repository's URL, and the place of a bucket: two buckets may share a name. */
static void describe(const struct archive_target *target, bool region, char out[DESCRIPTION_MAX])
{
	const char *repo = or_empty(target->repo);
	bool bucket = strncmp(repo, "s3:", 3) == 0;
	if (bucket && target->s3_endpoint != NULL)
		(void)snprintf(out, DESCRIPTION_MAX, "%s at %s", repo, target->s3_endpoint);
	else if (bucket && region)
		(void)snprintf(out, DESCRIPTION_MAX, "%s in %s", repo, or_empty(target->s3_region));
	else
		(void)snprintf(out, DESCRIPTION_MAX, "%s", repo);
}

/* Whether the command does not name a configuration: the server's environment, which cannot be read from here, may. */
static bool says_nothing(const struct archive_command *command)
{
	return command->config_path == NULL && command->option_count == 0 && command->environment[0] == NULL;
}

enum status archive_command_compare(const struct archive_command *command, const struct archive_targets *targets,
				    struct error *err)
{
	char archived[DESCRIPTION_MAX], ours[DESCRIPTION_MAX];
	if (is_same(&targets->theirs, &targets->ours))
		return STATUS_OK;
	describe(&targets->theirs, targets->theirs.region_is_given, archived);
	describe(&targets->ours, true, ours);
	if (says_nothing(command)) {
		(void)error_set(err, STATUS_LOCAL,
				"by its words alone archive_command archives to %s, but this configuration names %s",
				archived, ours);
		return error_hint(
		    err, STATUS_LOCAL,
		    "archive_command names no configuration, but the server's environment may: the last step tests the "
		    "real archiving. To be certain, add --config to archive_command");
	}
	(void)error_set(err, STATUS_CONFLICT, "archive_command archives to %s, but this configuration names %s",
			archived, ours);
	return error_hint(err, STATUS_CONFLICT,
			  "one of the two is wrong: give walship check the configuration that archive_command uses "
			  "(--config, --repo, WALSHIP_ variables)");
}
