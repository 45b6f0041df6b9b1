/* The headers of all objects below a prefix: listed page by page, read side by side, told one by one. */
#ifndef WALSHIP_REPO_HEADER_SCAN_H
#define WALSHIP_REPO_HEADER_SCAN_H

#include "repo/repository.h"
#include "format/frame.h"

#define HEADER_SCAN_NAME_MAX 256 /* of other names the beginning is told */

struct header_found {
	const char *name;
	uint64_t bytes;
	int64_t modified_s;
	/*
	 * STATUS_OK: header is what it says. STATUS_DAMAGED: reason is what is wrong with it. STATUS_EXISTS: the store
	 * has put the object away, and it was not read. STATUS_CONFLICT: its name is none of walship's; not read
	 * either.
	 */
	enum status status;
	struct object_header header;
	bool newer; /* with STATUS_DAMAGED: a newer walship may have written it */
	const char *reason;
};

/* Called by several threads, one at a time, in no order. Anything but STATUS_OK ends the scan with it. */
typedef enum status (*header_found_fn)(void *arg, const struct header_found *found, struct error *err);

/*
 * Memory does not grow with the repository. What is removed while the scan goes on is left out. An object that cannot
 * be read for any other reason ends the scan: what it would count would not be all.
 */
enum status header_scan(const struct call *call, const struct repository *repo, const char *prefix,
			header_found_fn tell, void *arg, struct error *err);

/* Whether an object is walship's, as far as its name tells. */
bool header_scan_is_own(const char *name);

#endif
