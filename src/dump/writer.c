#include "dump/writer.h"

enum status dump_writer_begin(struct dump_writer *writer, struct dump_item *item, struct error *err)
{
	sha256_fini(&writer->sum);
	writer->item = item;
	item->first = writer->begun + 1;
	return sha256_init(&writer->sum, err);
}

static enum status begin_object(struct dump_writer *writer, struct error *err)
{
	writer->content = 0;
	writer->object.stored = &writer->stored;
	dump_object_name(writer->name, writer->system_id, &writer->label, DUMP_DATA, ++writer->begun);
	return object_begin(writer->repo, &writer->step, writer->name, &writer->object, &writer->sink, err);
}

static enum status end_object(struct dump_writer *writer, struct error *err)
{
	if (writer->sink == NULL)
		return STATUS_OK;
	writer->step = call_step(writer->call);
	enum status st = sink_finish(writer->sink, err);
	sink_free(writer->sink);
	writer->sink = NULL;
	return st ? st : dump_item_add_object(writer->item, writer->stored.total, err);
}

enum status dump_writer_write(struct dump_writer *writer, const void *data, size_t len, struct error *err)
{
	writer->step = call_step(writer->call);
	enum status st = writer->sink == NULL ? begin_object(writer, err) : STATUS_OK;
	if (!st)
		st = sink_write(writer->sink, data, len, err);
	if (!st)
		st = sha256_update(&writer->sum, data, len, err);
	writer->content += len;
	writer->item->bytes += len;
	return st || writer->content < writer->object_bytes ? st : end_object(writer, err);
}

enum status dump_writer_end(struct dump_writer *writer, struct error *err)
{
	enum status st = end_object(writer, err);
	return st ? st : sha256_text(&writer->sum, writer->item->sha256, err);
}

void dump_writer_fini(struct dump_writer *writer)
{
	sink_free(writer->sink);
	writer->sink = NULL;
	sha256_fini(&writer->sum);
}
