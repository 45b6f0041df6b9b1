/* Threads that work side by side, each with a connection of its own: round trips are waited for together. */
#ifndef WALSHIP_COMMAND_CREW_H
#define WALSHIP_COMMAND_CREW_H

#include <pthread.h>

#include "repo/session.h"

#define CREW_CONNECTIONS 8                      /* for those who wait for round trips */
#define CREW_BUFFERS_BYTES (48UL * 1024 * 1024) /* of objects on their way, all together: for a gate */

struct crew;

struct crew_member {
	struct crew *crew;
	struct session session;
	pthread_t thread;
	bool running;
};

/* Set by the owner: the first four. It must not move in memory between start and join. */
struct crew {
	const struct command_context *context;
	void (*work)(void *arg, const struct session *session); /* all that one thread does */
	void *arg;
	size_t most;
	struct crew_member *members; /* owned, from start to join */
	size_t count;
};

/*
 * As many as wanted, most at most. session is joined, and must outlive them. What cannot be started, for want of
 * memory say, is missing, and the log says so. How many run.
 */
size_t crew_start(struct crew *crew, size_t wanted, const struct session *session);

/* Waits until each has ended. For a crew that was never started, too. */
void crew_join(struct crew *crew);

#endif
