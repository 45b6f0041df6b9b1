#include "backup/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void batch_clear(struct batch *batch)
{
	buffer_clear(&batch->texts);
	buffer_clear(&batch->old_hashes);
	buffer_clear(&batch->lines);
	buffer_clear(&batch->hashes);
	batch->item_count = batch->old_run_count = batch->wrong_page_count = 0;
	batch->blocks = batch->files = batch->directories = batch->bytes = batch->changed_bytes = 0;
}

void batch_fini(struct batch *batch)
{
	buffer_fini(&batch->texts);
	buffer_fini(&batch->old_hashes);
	buffer_fini(&batch->lines);
	buffer_fini(&batch->hashes);
	free(batch->items);
	free(batch->old_runs);
	free(batch->wrong_pages);
	*batch = (struct batch){0};
}

enum status batch_add_text(struct batch *batch, const char *text, size_t *place, struct error *err)
{
	*place = batch->texts.len;
	return buffer_append(&batch->texts, text, strlen(text) + 1, err);
}

const char *batch_text(const struct batch *batch, size_t place)
{
	return (const char *)batch->texts.data + place;
}

enum status batch_add_item(struct batch *batch, const struct batch_item *item, struct error *err)
{
	struct batch_item *grown = array_grow(batch->items, batch->item_count, &batch->item_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	batch->items = grown;
	grown[batch->item_count++] = *item;
	batch->blocks += item->count;
	return STATUS_OK;
}

enum status batch_add_old_run(struct batch *batch, const struct index_run *run, struct error *err)
{
	struct index_run *grown =
	    array_grow(batch->old_runs, batch->old_run_count, &batch->old_run_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	batch->old_runs = grown;
	grown[batch->old_run_count++] = *run;
	return STATUS_OK;
}
