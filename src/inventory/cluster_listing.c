#include "inventory/cluster_listing.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "console/print.h"
#include "repo/cluster_ids.h"

enum status cluster_listing_run(struct cluster_listing *listing, cluster_listing_fn show, struct error *err)
{
	const struct cluster_listing_params *params = listing->params;
	CLEANUP(cluster_ids_fini) struct cluster_ids clusters = {0};
	enum status st = repository_open(&listing->repo, params->settings, params->call, err);
	if (!st && params->system_id != 0)
		st = show(listing, params->system_id, err);
	else if (!st)
		st = cluster_ids_list(&clusters, &listing->repo, params->call, err);
	for (size_t i = 0; !st && i < clusters.count; i++)
		st = show(listing, clusters.ids[i], err);
	repository_fini(&listing->repo);
	return st;
}

enum status cluster_listing_manifests(const struct cluster_listing_params *params,
				      const struct cluster_listing_kind *kind, struct error *err)
{
	struct cluster_listing listing = {.params = params};
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = cluster_listing_run(&listing, kind->show, err);
	if (!st && listing.unreadable > 0) {
		(void)error_set(err, STATUS_DAMAGED, "%" PRIu64 " manifest%s cannot be opened", listing.unreadable,
				listing.unreadable == 1 ? "" : "s");
		return error_hint(err, STATUS_DAMAGED,
				  "the lines above name the %s: add a missing key as a further cipher-key-file; "
				  "walship key list shows the keys",
				  kind->things);
	}
	if (st || listing.shown > 0 || params->json)
		return st;
	st = buffer_printf(&text, err, "%s\n", kind->none);
	return st ? st : print_text(params->console, &text, err);
}

enum status cluster_listing_heading(const struct cluster_listing *listing, uint64_t system_id, struct buffer *out,
				    struct error *err)
{
	return listing->params->json ? STATUS_OK : buffer_printf(out, err, "cluster %" PRIu64 "\n", system_id);
}

void cluster_listing_count(struct cluster_listing *listing, enum status status)
{
	listing->shown++;
	listing->unreadable += status == STATUS_DAMAGED;
}
