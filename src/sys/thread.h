/* Threads with a fixed stack size: the system default depends on ulimit -s (pthread_create(3)). */
#ifndef WALSHIP_SYS_THREAD_H
#define WALSHIP_SYS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Returns false when the system cannot create a thread; *thread must not be joined then. */
bool thread_start(pthread_t *thread, size_t stack_bytes, void *(*work)(void *arg), void *arg);

#endif
