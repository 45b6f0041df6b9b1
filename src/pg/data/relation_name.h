/* Names of the files of relations, as the server makes them (common/relpath.c, storage/smgr/md.c). */
#ifndef WALSHIP_PG_DATA_RELATION_NAME_H
#define WALSHIP_PG_DATA_RELATION_NAME_H

#include <stdbool.h>
#include <stdint.h>

#define RELATION_SEGMENT_PAGES 131072 /* RELSEG_SIZE with pages of 8 KiB: files of 1 GiB; walship refuses another */

enum relation_fork { FORK_MAIN, FORK_FSM, FORK_VM, FORK_INIT };

struct relation_name {
	uint64_t number; /* relfilenode; PostgreSQL 16 calls it RelFileNumber */
	enum relation_fork fork;
	uint32_t segment; /* the file holds the pages from segment * RELATION_SEGMENT_PAGES on */
	bool temporary;   /* t<backend>_<number>: of a session, gone with it */
};

/* Whether a file name, without its directory, is that of a relation: 16384, 16384_vm.1, t3_16384. */
bool relation_name_parse(struct relation_name *out, const char *name);

/*
 * Whether files of relations lie in this directory, by its path below the data directory: global, base/N,
 * pg_tblspc/N/PG_15_202209061/N. The match is exact: no part of another path counts.
 */
bool relation_directory(const char *path);

#endif
