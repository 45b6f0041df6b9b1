/* Threads with a stack whose size is known: the system's own may be anything, by ulimit -s (pthread_create(3)). */
#ifndef WALSHIP_SYS_THREAD_H
#define WALSHIP_SYS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* False, and then *thread is nothing to join, when the system has no more of them. */
bool thread_start(pthread_t *thread, size_t stack_bytes, void *(*work)(void *arg), void *arg);

#endif
