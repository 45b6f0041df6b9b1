/* Manifests: what is read can be written, and is the same when it is read again. */
#include <string.h>

#include "base/cleanup.h"
#include "catalog/manifest.h"
#include "target.h"

static void comes_back(const struct manifest *manifest)
{
	CLEANUP(buffer_fini) struct buffer text = {0}, again = {0};
	CLEANUP(manifest_fini) struct manifest read = {0};
	struct error err = {0};
	MUST(manifest_write(&text, manifest, &err) == STATUS_OK);
	MUST(manifest_read(&read, &text, &err) == STATUS_OK);
	MUST(manifest_write(&again, &read, &err) == STATUS_OK);
	MUST(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
	for (size_t i = 0; i < manifest->need_count; i++)
		MUST(strcmp(manifest->needs[i].text, manifest->label.text) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_fini) struct buffer json = {0};
	CLEANUP(manifest_fini) struct manifest manifest = {0};
	struct error err = {0};
	MUST(buffer_append(&json, data, size, &err) == STATUS_OK);
	enum status st = manifest_read(&manifest, &json, &err);
	MUST(st == STATUS_OK || (st == STATUS_DAMAGED && err.text[0] != '\0'));
	if (st == STATUS_OK)
		comes_back(&manifest);
	return 0;
}
