#include "verify/missing_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "text/hex.h"

bool missing_keys_add(struct missing_keys *missing_keys, const uint8_t key_id[KEY_ID_BYTES], const char *object)
{
	missing_keys->objects++;
	for (size_t i = 0; i < missing_keys->key_count; i++)
		if (memcmp(missing_keys->keys[i].id, key_id, KEY_ID_BYTES) == 0) {
			missing_keys->keys[i].objects++;
			return false;
		}
	if (missing_keys->key_count == MISSING_KEYS_MAX) {
		missing_keys->further++;
		return false;
	}
	struct missing_key *key = &missing_keys->keys[missing_keys->key_count++];
	*key = (struct missing_key){.objects = 1};
	memcpy(key->id, key_id, KEY_ID_BYTES);
	(void)snprintf(key->first, sizeof key->first, "%s", object);
	return true;
}

/* id "": the objects of all further keys. */
static enum status show(const struct console *console, bool json, const char *id, uint64_t objects, const char *first,
			struct error *err)
{
	CLEANUP(buffer_fini) struct buffer line = {0};
	if (json)
		return print_json(console,
				  json_pack("{s:s, s:o, s:I, s:o}", "kind", "locked", "key_id", print_string(id),
					    "objects", (json_int_t)objects, "first", print_string(first)),
				  err);
	enum status st = id[0] == '\0' ? buffer_printf(&line, err, "✗ %" PRIu64 " object%s of further keys\n", objects,
						       objects == 1 ? "" : "s")
				       : buffer_printf(&line, err,
						       "✗ %" PRIu64 " object%s encrypted with the key of id %s, which "
						       "is not configured\n",
						       objects, objects == 1 ? " is" : "s are", id);
	return st ? st : print_text(console, &line, err);
}

enum status missing_keys_print(const struct missing_keys *missing_keys, const struct console *console, bool json,
			       struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < missing_keys->key_count; i++) {
		const struct missing_key *key = &missing_keys->keys[i];
		char id[2 * KEY_ID_BYTES + 1];
		hex_encode(id, key->id, KEY_ID_BYTES);
		st = show(console, json, id, key->objects, key->first, err);
	}
	return st || missing_keys->further == 0 ? st : show(console, json, "", missing_keys->further, "", err);
}
