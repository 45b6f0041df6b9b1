/* Shows dumps, for dump, dump list, info and verify. */
#ifndef WALSHIP_INVENTORY_DUMP_SHOW_H
#define WALSHIP_INVENTORY_DUMP_SHOW_H

#include "catalog/dump_list.h"
#include "console/print.h"

/* As doc/json.md says. NULL without memory. */
json_t *dump_json(uint64_t system_id, const struct listed_dump *dump);

/* An array for a cluster's object: without kind and system_id. */
json_t *dump_list_json(uint64_t system_id, const struct dump_list *list);

/* Appends text for people: a line for the dump, and one for each database. */
enum status dump_show(struct buffer *out, const struct listed_dump *dump, struct error *err);

#endif
