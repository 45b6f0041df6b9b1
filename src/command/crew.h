/* Threads that work side by side, each with a connection of its own: round trips are waited for together. */
#ifndef WALSHIP_COMMAND_CREW_H
#define WALSHIP_COMMAND_CREW_H

#include <pthread.h>

#include "command/session.h"

#define CREW_MAX 8
#define CREW_BUFFERS_BYTES (48UL * 1024 * 1024) /* of objects on their way, all together: for a gate */

struct crew;

struct crew_member {
	struct crew *crew;
	struct session session;
	pthread_t thread;
	bool running;
};

/* Set by the owner: the first three. It must not move in memory between start and join. */
struct crew {
	const struct command_context *context;
	void (*work)(void *arg, const struct session *session); /* all that one thread does */
	void *arg;
	struct crew_member members[CREW_MAX];
};

/*
 * As many as wanted, CREW_MAX at most. session is joined, and must outlive them. What cannot be started, for want of
 * memory say, is missing, and the log says so. How many run.
 */
size_t crew_start(struct crew *crew, size_t wanted, const struct session *session);

/* Waits until each has ended. */
void crew_join(struct crew *crew);

#endif
