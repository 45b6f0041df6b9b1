/*
 * Hashes of blocks, by which a backup finds the blocks that have changed since its parent: XXH3 with 64 bits, under a
 * secret of each chain of backups, so that nobody who writes to the database can make two blocks with the same hash.
 */
#ifndef WALSHIP_CATALOG_BLOCK_HASH_H
#define WALSHIP_CATALOG_BLOCK_HASH_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_HASH_SEED_BYTES 32
#define BLOCK_HASH_SECRET_BYTES 192

struct block_hash {
	uint8_t secret[BLOCK_HASH_SECRET_BYTES];
	uint64_t zero_page; /* of PAGE_BYTES zero bytes */
};

/* The seed is random for each full backup, and is in its manifest and in those of its children. */
void block_hash_init(struct block_hash *out, const uint8_t seed[BLOCK_HASH_SEED_BYTES]);

uint64_t block_hash(const struct block_hash *hash, const void *block, size_t len);

#endif
