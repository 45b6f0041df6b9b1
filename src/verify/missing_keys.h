/*
 * Keys that are needed and not configured. Of a million objects that one key would open, one is told, and how many
 * there are.
 */
#ifndef WALSHIP_VERIFY_MISSING_KEYS_H
#define WALSHIP_VERIFY_MISSING_KEYS_H

#include "console/console.h"
#include "pg/wal/name.h"
#include "repo/keyring.h"

#define MISSING_KEYS_MAX 16 /* more that are lost at once are counted together */

struct missing_key {
	uint8_t id[KEY_ID_BYTES];
	uint64_t objects;
	char first[WAL_OBJECT_NAME_MAX]; /* that was found; they come in no order */
};

struct missing_keys {
	struct missing_key keys[MISSING_KEYS_MAX];
	size_t key_count;
	uint64_t objects; /* in all */
	uint64_t further; /* of them, of keys that there is no room for */
};

/* An object that needs this key. True for the first one of it. */
bool missing_keys_add(struct missing_keys *missing_keys, const uint8_t key_id[KEY_ID_BYTES], const char *object);

/* A line for each key, as doc/json.md says, or for people. */
enum status missing_keys_print(const struct missing_keys *missing_keys, const struct console *console, bool json,
			       struct error *err);

#endif
