#include "expire/chosen.h"

#include <inttypes.h>

#include "expire/cluster.h"

static enum status parse_label(const struct chosen_params *params, struct backup_label *label, struct error *err)
{
	if (backup_label_parse(label, params->label))
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "'%.64s' is not the label of a base backup", params->label);
	return error_hint(err, STATUS_USAGE, "walship backup list shows the labels, such as 20261129T064210Z-full");
}

static enum status find_backup(struct chosen *chosen, const struct backup_label *label, struct error *err)
{
	enum status st = backup_list_read(&chosen->list, &chosen->repo, chosen->params->call, chosen->system_id, err);
	if (st)
		return st;
	chosen->backup = backup_list_find(&chosen->list, label);
	if (chosen->backup != NULL)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "the repository has no base backup %s of cluster %" PRIu64, label->text,
			chosen->system_id);
	return error_hint(err, STATUS_USAGE, "walship backup list shows the backups");
}

enum status chosen_open(struct chosen *out, const struct chosen_params *params, struct error *err)
{
	struct backup_label label;
	*out = (struct chosen){.params = params};
	enum status st = parse_label(params, &label, err);
	if (!st)
		st = expire_cluster(&params->cluster, &out->system_id, err);
	if (!st)
		st = repository_open(&out->repo, params->settings, params->call, err);
	return st ? st : find_backup(out, &label, err);
}

void chosen_fini(struct chosen *chosen)
{
	backup_list_fini(&chosen->list);
	repository_fini(&chosen->repo);
}

void chosen_object(char out[BACKUP_OBJECT_NAME_MAX], const struct chosen *chosen, enum backup_part part)
{
	backup_object_name(out, chosen->system_id, &chosen->backup->label, part, 0);
}
