#include "sys/thread.h"

bool thread_start(pthread_t *thread, size_t stack_bytes, void *(*work)(void *arg), void *arg)
{
	pthread_attr_t attributes;
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, stack_bytes);
	bool started = pthread_create(thread, &attributes, work, arg) == 0;
	(void)pthread_attr_destroy(&attributes);
	return started;
}
