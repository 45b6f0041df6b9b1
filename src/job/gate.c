#include "job/gate.h"

#include <stddef.h>

void gate_init(struct gate *gate, unsigned slots, uint64_t bytes)
{
	*gate = (struct gate){.slots = slots, .bytes = (int64_t)bytes};
	(void)pthread_mutex_init(&gate->mutex, NULL);
	(void)pthread_cond_init(&gate->changed, NULL);
}

void gate_fini(struct gate *gate)
{
	(void)pthread_mutex_destroy(&gate->mutex);
	(void)pthread_cond_destroy(&gate->changed);
}

void gate_enter(struct gate *gate, uint64_t bytes)
{
	if (gate == NULL)
		return;
	(void)pthread_mutex_lock(&gate->mutex);
	while (gate->inside > 0 && (gate->slots <= 0 || gate->bytes < (int64_t)bytes))
		(void)pthread_cond_wait(&gate->changed, &gate->mutex);
	gate->inside++;
	gate->slots--;
	gate->bytes -= (int64_t)bytes;
	(void)pthread_mutex_unlock(&gate->mutex);
}

static void give_back(struct gate *gate, uint64_t bytes, bool slot, bool out)
{
	if (gate == NULL)
		return;
	(void)pthread_mutex_lock(&gate->mutex);
	gate->bytes += (int64_t)bytes;
	gate->slots += slot;
	gate->inside -= out;
	(void)pthread_cond_broadcast(&gate->changed);
	(void)pthread_mutex_unlock(&gate->mutex);
}

void gate_rest(struct gate *gate, uint64_t bytes)
{
	give_back(gate, bytes, true, false);
}

void gate_leave(struct gate *gate, uint64_t bytes, bool rested)
{
	give_back(gate, bytes, !rested, true);
}
