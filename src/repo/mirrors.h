/* The mirrors of a repository, for readers that go on to them. */
#ifndef WALSHIP_REPO_MIRRORS_H
#define WALSHIP_REPO_MIRRORS_H

#include "repo/settings.h"

/* The zero state has none. */
struct mirrors {
	size_t count;
	/*
	 * The settings of one mirror, which stay valid as long as arg. It is called only for a mirror that is asked: a
	 * mirror that is not configured well does no harm while the repository answers. One thread at a time calls it.
	 */
	enum status (*settings)(void *arg, size_t index, const struct repository_settings **out, struct error *err);
	void *arg;
};

#endif
