#include "repo/condition_note.h"

#include <stdio.h>
#include <string.h>

#include "repo/settings.h"
#include "sys/libcrypto.h"
#include "sys/note.h"
#include "sys/spool.h"
#include "text/hex.h"

#define KIND "condition"
#define VALUE "if-none-match" /* the line's key, which is read back */
#define PATH_SIZE (SPOOL_PATH_MAX + 64)
#define LINES_SIZE (2 * NOTE_MAX / 4)

static const char *const words[] = {
    [S3_CONDITION_HONORED] = "honored", [S3_CONDITION_IGNORED] = "ignored", [S3_CONDITION_REFUSED] = "refused"};

/* The lines that tell this store from others, and the path of its note. False without a usable spool. */
static bool find(const struct repository_settings *settings, char lines[LINES_SIZE], char path[PATH_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char digits[2 * EVP_MAX_MD_SIZE + 1];
	char spool[SPOOL_PATH_MAX];
	unsigned len = 0;
	struct error ignored = {0};
	int size = snprintf(lines, LINES_SIZE, "repo %s\ns3-endpoint %s\n", settings->url, settings->s3.endpoint);
	if (size >= LINES_SIZE || spool_prepare(settings->spool, spool, &ignored) ||
	    libcrypto.EVP_Digest(lines, (size_t)size, digest, &len, libcrypto.EVP_sha256(), NULL) != 1)
		return false;
	hex_encode(digits, digest, len);
	(void)snprintf(path, PATH_SIZE, "%s/condition-%.32s", spool, digits);
	return true;
}

enum s3_condition condition_recall(const void *arg)
{
	char lines[LINES_SIZE], path[PATH_SIZE], word[16];
	struct note note;
	if (!find(arg, lines, path))
		return S3_CONDITION_HONORED;
	if (!note_read(&note, KIND, path) || !note_text(&note, VALUE, word, sizeof word))
		return S3_CONDITION_UNKNOWN;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (words[i] != NULL && strcmp(word, words[i]) == 0)
			return (enum s3_condition)i;
	return S3_CONDITION_UNKNOWN;
}

/* A note that cannot be written costs another test, no more. */
void condition_note(const void *arg, enum s3_condition condition)
{
	char lines[LINES_SIZE], path[PATH_SIZE];
	struct note note;
	struct error ignored = {0};
	if (!find(arg, lines, path))
		return;
	note_begin(&note, KIND);
	note_put_lines(&note, lines);
	note_put(&note, VALUE, "%s", words[condition]);
	if (note_end(&note))
		(void)note_replace(&note, path, &ignored);
}
