#include "repo/crew.h"

#include <stdlib.h>

#include "sys/thread.h"

#define STACK_BYTES (1024UL * 1024) /* jansson goes 2048 calls deep, when a thread renews its credentials */

static void *work(void *arg)
{
	struct crew_member *member = arg;
	member->crew->work(member->crew->arg, &member->session);
	return NULL;
}

static void start(struct crew_member *member, struct crew *crew, const struct session *session)
{
	struct error err = {0};
	member->crew = crew;
	enum status st = session_join(&member->session, session, crew->context, &err);
	if (st)
		log_line(crew->context->call->log, LEVEL_INFO, "side by side: %s", err.text);
	else
		member->running = thread_start(&member->thread, STACK_BYTES, work, member);
}

size_t crew_start(struct crew *crew, size_t wanted, const struct session *session)
{
	size_t count = wanted < crew->most ? wanted : crew->most;
	size_t running = 0;
	crew->members = calloc(count, sizeof *crew->members);
	crew->count = crew->members == NULL ? 0 : count;
	if (crew->count < count)
		log_line(crew->context->call->log, LEVEL_INFO, "side by side: out of memory");
	for (size_t i = 0; i < crew->count; i++) {
		start(&crew->members[i], crew, session);
		running += crew->members[i].running;
	}
	return running;
}

void crew_join(struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++) {
		if (crew->members[i].running)
			(void)pthread_join(crew->members[i].thread, NULL);
		session_fini(&crew->members[i].session);
	}
	free(crew->members);
	crew->members = NULL;
	crew->count = 0;
}
