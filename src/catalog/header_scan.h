/* Reads the headers of all objects below a prefix, several at once, and reports them one by one. */
#ifndef WALSHIP_CATALOG_HEADER_SCAN_H
#define WALSHIP_CATALOG_HEADER_SCAN_H

#include "format/frame.h"
#include "repo/repository.h"

#define HEADER_SCAN_NAME_MAX 256 /* a longer name is cut; no object of walship's has one */

struct header_found {
	const char *name;
	uint64_t bytes;
	int64_t modified_s;
	/*
	 * STATUS_OK: header is valid. STATUS_DAMAGED: reason says what is wrong. STATUS_EXISTS: not read, because the
	 * object is in an archive storage class. STATUS_CONFLICT: not read, because the name is not walship's.
	 */
	enum status status;
	struct object_header header;
	bool newer; /* with STATUS_DAMAGED: a newer walship may have written it */
	const char *reason;
};

/* Called by several threads, one at a time, in no order. Any status but STATUS_OK ends the scan. */
typedef enum status (*header_found_fn)(void *arg, const struct header_found *found, struct error *err);

/*
 * Memory does not grow with the repository. An object that is removed during the scan is left out. Any other read
 * failure ends the scan, because the counts would be incomplete.
 */
enum status header_scan(const struct call *call, const struct repository *repo, const char *prefix,
			header_found_fn report, void *arg, struct error *err);

/* Whether the name is walship's: of WAL, of a base backup, or of a mark. */
bool header_scan_is_own(const char *name);

#endif
