/*
 * Credentials from the credential_process of a profile: a program that prints JSON, Version 1 (AWS SDKs and Tools
 * reference guide, "Process credential provider").
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "net/aws/credential_source.h"
#include "sys/program.h"

struct process {
	const char *command;
	const char *source;
};

static enum status request_from_process(const struct credential_search *search, const void *arg,
					struct credentials *out, struct error *err)
{
	const struct process *process = arg;
	const struct program program = {
	    .what = "credential_process", .line = process->command, .environment = search->environment};
	CLEANUP(secret_fini) struct secret output = {0};
	enum status st = program_run(&program, search->call, &output, err);
	if (!st)
		st = credentials_from_json(output.data, output.len, "SessionToken", "credential_process", out, err);
	if (!st)
		(void)snprintf(out->source, sizeof out->source, "credential_process of %.400s", process->source);
	return st;
}

enum status run_credential_process(const struct credential_search *search, const char *command, const char *profile,
				   struct credentials *out, struct error *err)
{
	char source[CREDENTIALS_SOURCE_MAX];
	struct process process = {command, profile};
	(void)snprintf(source, sizeof source, "credential_process of %.400s", profile);
	return credential_cache_get(
	    search,
	    &(struct credential_query){
		.source = source, .identity = command, .request = request_from_process, .arg = &process},
	    out, err);
}
