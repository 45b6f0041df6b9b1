/* Any bytes as the JSON of a source of credentials: what is taken can go into a header, or nothing is. */
#include <string.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "target.h"

static void must_fit_a_header(const struct secret *secret)
{
	for (size_t i = 0; i < secret->len; i++)
		MUST(secret->data[i] > ' ' && secret->data[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(credentials_fini) struct credentials found = {0};
	struct error err = {0};
	enum status st = credentials_from_json((const char *)data, size, "Token", "the source", &found, &err);
	MUST((st == STATUS_OK) == credentials_present(&found));
	MUST((st == STATUS_OK) == (err.text[0] == '\0'));
	must_fit_a_header(&found.access_key);
	must_fit_a_header(&found.secret_key);
	must_fit_a_header(&found.session_token);
	return 0;
}
