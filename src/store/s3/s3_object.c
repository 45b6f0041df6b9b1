/*
 * Amazon S3 API reference, PutObject and CreateMultipartUpload (headers); user guide, "Categorizing your storage using
 * tags" (bounds and characters of tags).
 */
#include "store/s3/s3_object.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/text.h"
#include "text/uri.h"

#define TAGS_MAX 10
#define TAG_KEY_MAX 128
#define TAG_VALUE_MAX 256
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static enum status take_storage_class(struct s3_object *object, const struct s3_options *options, struct error *err)
{
	static const char *const slow[] = {"GLACIER", "DEEP_ARCHIVE", NULL};
	/* REDUCED_REDUNDANCY is left out: it may lose one object in ten thousand per year. */
	static const char *const aws[] = {"STANDARD",   "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
					  "GLACIER_IR", NULL};
	const char *name = options->storage_class;
	if (name == NULL)
		return STATUS_OK;
	if (text_is_one_of(name, slow, strcasecmp)) {
		(void)error_set(
		    err, STATUS_USAGE,
		    "s3-storage-class %s has no immediate read access: recovery would wait for hours for each file",
		    name);
		return error_hint(err, STATUS_USAGE,
				  "use GLACIER_IR, which has immediate read access, or a lifecycle rule for WAL that "
				  "is no longer needed");
	}
	/* Other stores have their own classes. */
	bool known = options->endpoint == NULL ? text_is_one_of(name, aws, strcmp)
					       : strspn(name, LETTERS DIGITS "_-") == strlen(name) && name[0] != '\0' &&
						     strlen(name) < sizeof object->storage_class;
	if (!known) {
		(void)error_set(err, STATUS_USAGE, "s3-storage-class '%.64s' is not an S3 storage class", name);
		return error_hint(err, STATUS_USAGE,
				  "STANDARD, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING or GLACIER_IR");
	}
	(void)strcpy(object->storage_class, name);
	return STATUS_OK;
}

static enum status take_encryption(struct s3_object *object, const struct s3_options *options, struct error *err)
{
	const char *id = options->sse_kms_key_id;
	(void)snprintf(object->sse, sizeof object->sse, "%s", options->sse == NULL ? "" : options->sse);
	if (options->sse_bucket_key && strcmp(object->sse, "aws:kms") != 0) {
		(void)error_set(err, STATUS_USAGE, "s3-sse-bucket-key is set, but s3-sse is not aws:kms");
		return error_hint(err, STATUS_USAGE, "set s3-sse = aws:kms; S3 has no bucket keys for aws:kms:dsse");
	}
	if (options->sse_bucket_key)
		(void)strcpy(object->bucket_key, "true");
	if (id == NULL)
		return STATUS_OK;
	if (strncmp(object->sse, "aws:kms", 7) != 0) {
		(void)error_set(err, STATUS_USAGE, "s3-sse-kms-key-id is set, but s3-sse is not aws:kms");
		return error_hint(err, STATUS_USAGE, "set s3-sse = aws:kms or aws:kms:dsse");
	}
	if (id[0] == '\0' || strlen(id) >= sizeof object->kms_key_id ||
	    strspn(id, LETTERS DIGITS ":/_-") != strlen(id)) {
		(void)error_set(err, STATUS_USAGE, "s3-sse-kms-key-id '%.64s' is not a valid key id", id);
		return error_hint(err, STATUS_USAGE, "give the key's id, its ARN, or alias/NAME");
	}
	(void)strcpy(object->kms_key_id, id);
	return STATUS_OK;
}

static enum status refuse_tag(const char *pair, size_t len, const char *why, struct error *err)
{
	(void)error_set(err, STATUS_USAGE, "s3-tags: '%.*s' %s", (int)(len > 64 ? 64 : len), pair, why);
	return error_hint(err, STATUS_USAGE,
			  "name=value&name=value: at most 10; letters, digits, blanks and + - = . _ : / @");
}

static bool has_tag(const char *tagging, const char *encoded_name)
{
	size_t len = strlen(encoded_name);
	for (const char *tag = tagging; tag != NULL; tag = strchr(tag, '&')) {
		tag += *tag == '&';
		if (strncmp(tag, encoded_name, len) == 0 && tag[len] == '=')
			return true;
	}
	return false;
}

/* Appends one name=value, both encoded. */
static enum status add_tag(struct s3_object *object, const char *pair, size_t len, struct error *err)
{
	char name[TAG_KEY_MAX + 1];
	char value[TAG_VALUE_MAX + 1];
	char encoded_name[3 * TAG_KEY_MAX + 1];
	char encoded_value[3 * TAG_VALUE_MAX + 1];
	const char *equal = memchr(pair, '=', len);
	size_t name_len = equal == NULL ? len : (size_t)(equal - pair);
	size_t value_len = equal == NULL ? 0 : len - name_len - 1;
	if (equal == NULL || name_len == 0)
		return refuse_tag(pair, len, "is not name=value", err);
	if (name_len > TAG_KEY_MAX || value_len > TAG_VALUE_MAX)
		return refuse_tag(pair, len, "is longer than 128 characters for the name, 256 for the value", err);
	(void)snprintf(name, sizeof name, "%.*s", (int)name_len, pair);
	(void)snprintf(value, sizeof value, "%.*s", (int)value_len, equal + 1);
	if (strspn(name, LETTERS DIGITS " +-._:/@") != name_len ||
	    strspn(value, LETTERS DIGITS " +-=._:/@") != value_len)
		return refuse_tag(pair, len, "contains a character that is not allowed in tags", err);
	if (strncmp(name, "aws:", 4) == 0)
		return refuse_tag(pair, len, "begins with aws:, which is reserved for Amazon", err);
	(void)uri_encode(encoded_name, sizeof encoded_name, name, false);
	if (has_tag(object->tagging, encoded_name))
		return refuse_tag(pair, len, "repeats a name", err);
	(void)uri_encode(encoded_value, sizeof encoded_value, value, false);
	size_t used = strlen(object->tagging);
	int added = snprintf(object->tagging + used, sizeof object->tagging - used, "%s%s=%s", used > 0 ? "&" : "",
			     encoded_name, encoded_value);
	if (added >= (int)(sizeof object->tagging - used))
		return refuse_tag(pair, len, "makes the tags too long for the header", err);
	return STATUS_OK;
}

static enum status take_tags(struct s3_object *object, const struct s3_options *options, struct error *err)
{
	const char *rest = options->tags;
	unsigned count = 0;
	while (rest != NULL) {
		size_t len = strcspn(rest, "&");
		if (++count > TAGS_MAX)
			return refuse_tag(rest, len, "exceeds the limit of 10 tags", err);
		enum status st = add_tag(object, rest, len, err);
		if (st)
			return st;
		rest = rest[len] == '&' ? rest + len + 1 : NULL;
	}
	return STATUS_OK;
}

static enum status take_lock(struct s3_object *object, const struct s3_options *options, struct error *err)
{
	bool mode = options->lock_mode != NULL;
	if (mode != (options->lock_days > 0)) {
		(void)error_set(err, STATUS_USAGE, "%s is set without %s",
				mode ? "s3-object-lock-mode" : "s3-object-lock-retain-days",
				mode ? "s3-object-lock-retain-days" : "s3-object-lock-mode");
		return error_hint(err, STATUS_USAGE, "set both: GOVERNANCE or COMPLIANCE, and the number of days");
	}
	(void)snprintf(object->lock_mode, sizeof object->lock_mode, "%s", mode ? options->lock_mode : "");
	object->lock_days = options->lock_days;
	return STATUS_OK;
}

enum status s3_object_init(struct s3_object *object, const struct s3_options *options, struct error *err)
{
	*object = (struct s3_object){0};
	enum status st = take_storage_class(object, options, err);
	if (!st)
		st = take_encryption(object, options, err);
	if (!st)
		st = take_tags(object, options, err);
	if (!st)
		st = take_lock(object, options, err);
	/* A header without a value would be omitted. */
	s3_object_begin(object, 0);
	return st;
}

void s3_object_begin(struct s3_object *object, int64_t now_s)
{
	if (object->lock_days > 0)
		utc_text(now_s + object->lock_days * 86400LL, object->lock_until);
}

size_t s3_object_headers(const struct s3_object *object, struct field out[S3_OBJECT_HEADERS_MAX])
{
	const struct field all[S3_OBJECT_HEADERS_MAX] = {
	    {"x-amz-storage-class", object->storage_class},
	    {"x-amz-server-side-encryption", object->sse},
	    {"x-amz-server-side-encryption-aws-kms-key-id", object->kms_key_id},
	    {"x-amz-server-side-encryption-bucket-key-enabled", object->bucket_key},
	    {"x-amz-tagging", object->tagging},
	    {"x-amz-object-lock-mode", object->lock_mode},
	    {"x-amz-object-lock-retain-until-date", object->lock_until},
	};
	size_t count = 0;
	for (size_t i = 0; i < S3_OBJECT_HEADERS_MAX; i++)
		if (all[i].value[0] != '\0')
			out[count++] = all[i];
	return count;
}
