#include "expire/dumps.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"

#define DAY_S 86400

static const struct {
	const char *name, *text;
} reasons[] = {
#define DUMP_REASON(id, name, text) {name, text},
#include "expire/dump_reasons.def"
#undef DUMP_REASON
};

static unsigned bit(enum dump_reason reason)
{
	return 1U << reason;
}

/*
 * The decision.
 */

static bool is_open(const struct listed_dump *dump)
{
	return dump->complete && dump->status == STATUS_OK;
}

static unsigned judge_unfinished(const struct listed_dump *dump, const struct dump_rules *rules)
{
	return rules->now_s - dump->newest_s < rules->silence_s ? bit(DUMP_REASON_UNDER_WAY) : 0;
}

/* newer: how many dumps that can be opened are newer. */
static unsigned judge(const struct listed_dump *dump, const struct dump_rules *rules, uint64_t newer)
{
	unsigned kept = 0;
	if (newer == 0)
		kept |= bit(DUMP_REASON_NEWEST);
	if (rules->count > newer)
		kept |= bit(DUMP_REASON_COUNT);
	if (rules->days > 0 && rules->now_s - dump->stored_s < (int64_t)rules->days * DAY_S)
		kept |= bit(DUMP_REASON_DAYS);
	if (rules->count == 0 && rules->days == 0)
		kept |= bit(DUMP_REASON_NO_LIMIT);
	return kept;
}

void dumps_decide(const struct dump_list *list, const struct dump_rules *rules, unsigned *out)
{
	uint64_t newer = 0;
	for (size_t i = list->count; i-- > 0;) {
		const struct listed_dump *dump = &list->items[i];
		if (is_open(dump))
			out[i] = judge(dump, rules, newer++);
		else
			out[i] = dump->complete ? bit(DUMP_REASON_UNREADABLE) : judge_unfinished(dump, rules);
	}
}

enum status dump_expiry_decide(struct dump_expiry *out, const struct repository *repo, const struct call *call,
			       uint64_t system_id, const struct dump_rules *rules, struct error *err)
{
	enum status st = dump_list_read(&out->list, repo, call, system_id, err);
	if (st)
		return st;
	out->reasons = calloc(out->list.count + 1, sizeof *out->reasons);
	if (out->reasons == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	dumps_decide(&out->list, rules, out->reasons);
	return STATUS_OK;
}

static enum status has_manifest(const struct repository *repo, const struct call *call, uint64_t system_id,
				const struct dump_label *label, bool *has, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct object_info info;
	struct error missing = {0};
	const struct call step = call_step(call);
	dump_object_name(name, system_id, label, DUMP_MANIFEST, 0);
	enum status st = store_stat(repo->store, &step, name, &info, &missing);
	*has = !st;
	if (st && st != STATUS_MISSING)
		*err = missing;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

enum status dump_expiry_keep_originals(struct dump_expiry *expiry, const struct repository *original,
				       const struct call *call, uint64_t system_id, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < expiry->list.count; i++) {
		bool has;
		st = has_manifest(original, call, system_id, &expiry->list.items[i].label, &has, err);
		if (!st && has)
			expiry->reasons[i] |= bit(DUMP_REASON_ORIGINAL);
	}
	return st;
}

void dump_expiry_fini(struct dump_expiry *expiry)
{
	free(expiry->reasons);
	dump_list_fini(&expiry->list);
	*expiry = (struct dump_expiry){0};
}

void dump_expiry_count(struct dump_expiry *expiry)
{
	for (size_t i = 0; i < expiry->list.count; i++)
		if (expiry->reasons[i] == 0) {
			expiry->dumps += expiry->list.items[i].complete;
			expiry->leftovers += !expiry->list.items[i].complete;
		}
}

/*
 * The output.
 */

static enum status put_dump(struct buffer *out, const struct dump_expiry *expiry, size_t i, struct error *err)
{
	const struct listed_dump *dump = &expiry->list.items[i];
	char size[MEASURE_MAX];
	measure_bytes(dump->bytes, size);
	if (expiry->reasons[i] == 0)
		return buffer_printf(out, err, "remove dump %s: %s%s\n", dump->label.text,
				     dump->complete ? "" : "never finished, ", size);
	enum status st = buffer_printf(out, err, "keep dump %s", dump->label.text);
	const char *separator = ": ";
	for (enum dump_reason reason = 0; !st && reason < DUMP_REASONS; reason++) {
		if ((expiry->reasons[i] & bit(reason)) == 0)
			continue;
		st = buffer_printf(out, err, "%s%s", separator, reasons[reason].text);
		separator = ", ";
	}
	return st ? st : buffer_append(out, "\n", 1, err);
}

static json_t *json_reasons(unsigned bits)
{
	json_t *array = json_array();
	for (enum dump_reason reason = 0; reason < DUMP_REASONS; reason++)
		if ((bits & bit(reason)) != 0 && json_array_append_new(array, json_string(reasons[reason].name)) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *json_dump(const struct dump_expiry *expiry, size_t i, uint64_t system_id)
{
	const struct listed_dump *dump = &expiry->list.items[i];
	bool goes = expiry->reasons[i] == 0;
	return json_pack("{s:s, s:o, s:s, s:b, s:b, s:o, s:o}", "kind", "expire_dump", "system_id",
			 print_system_id(system_id), "label", dump->label.text, "complete", (int)dump->complete, "keep",
			 (int)!goes, "reasons", json_reasons(expiry->reasons[i]), "stored_bytes",
			 print_integer_if(goes, (int64_t)dump->bytes));
}

enum status dump_expiry_show(const struct dump_expiry *expiry, const struct console *console, uint64_t system_id,
			     bool json, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < expiry->list.count; i++)
		st = json ? print_line(&text, json_dump(expiry, i, system_id), err) : put_dump(&text, expiry, i, err);
	return st || text.len == 0 ? st : print_text(console, &text, err);
}

/*
 * The removal.
 */

static enum status remove_part(struct removal *removal, const struct dump_label *label, enum dump_part part,
			       bool *refused, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	dump_object_name(name, removal->system_id, label, part, 0);
	return removal_one(removal, name, refused, err);
}

static enum status on_data(void *arg, const struct object_info *info, struct error *err)
{
	struct dump_object object;
	return dump_object_parse(&object, info->name) && object.part == DUMP_DATA ? removal_add(arg, info->name, err)
										  : STATUS_OK;
}

/* With `begun`, which goes last, what is left can be found. */
static enum status remove_content(struct removal *removal, const struct dump_label *label, struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX + BACKUP_LABEL_MAX];
	uint64_t before = removal->refused;
	bool refused;
	dump_prefix(prefix, removal->system_id);
	(void)strcat(strcat(prefix, label->text), "/");
	enum status st = removal_listed(removal, prefix, on_data, err);
	return st || removal->refused > before ? st : remove_part(removal, label, DUMP_BEGUN, &refused, err);
}

static enum status remove_dump(struct dump_expiry *expiry, size_t i, struct removal *removal, struct error *err)
{
	const struct listed_dump *dump = &expiry->list.items[i];
	bool kept;
	/* A dump that ended after all has a manifest now, and stays. */
	enum status st =
	    dump->complete ? remove_part(removal, &dump->label, DUMP_MANIFEST, &kept, err)
			   : has_manifest(removal->lists, removal->call, removal->system_id, &dump->label, &kept, err);
	if (!st && kept && dump->complete)
		expiry->reasons[i] |= bit(DUMP_REASON_REFUSED);
	if (st || kept)
		return st;
	expiry->dumps += dump->complete;
	expiry->leftovers += !dump->complete;
	return remove_content(removal, &dump->label, err);
}

enum status dump_expiry_remove(struct dump_expiry *expiry, struct removal *removal, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < expiry->list.count; i++)
		if (expiry->reasons[i] == 0)
			st = remove_dump(expiry, i, removal, err);
	return st;
}
