#include "search_fixture.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"

void search_fixture_open(struct search_fixture *fixture, enum fault_tls tls, const struct fault_answer *answers,
			 size_t count)
{
	*fixture = (struct search_fixture){0};
	scratch_init(&fixture->dir);
	world_init(&fixture->world);
	fixture->world.utc_s = SEARCH_NOW_S;
	fixture->world.random_byte = 0x80;
	fixture->world.call.deadline_ms = fixture->world.monotonic_ms + 10000;
	fixture->server = fault_server_start(tls, answers, count);
	(void)snprintf(fixture->spool, sizeof fixture->spool, "%s/spool", fixture->dir.path);
	fixture->search = (struct credential_search){.call = &fixture->world.call,
						     .region = "ca-central-1",
						     .spool = fixture->spool,
						     .environment = fixture->environment};
}

void search_fixture_close(struct search_fixture *fixture)
{
	/* Credentials never get into a log. */
	assert_null(strstr(buffer_text(&fixture->world.logged), "sesame"));
	assert_null(strstr(fixture->err.text, "sesame"));
	credentials_fini(&fixture->found);
	fault_server_stop(fixture->server);
	world_fini(&fixture->world);
	scratch_fini(&fixture->dir);
}

static void expand(const struct search_fixture *fixture, const char *from, char to[512])
{
	size_t len = 0;
	for (; *from != '\0' && len < 500; from++) {
		const char *insert = *from == '~'   ? fixture->dir.path
				     : *from == '$' ? fault_server_url(fixture->server)
				     : *from == '^' ? fault_server_ca_file(fixture->server)
						    : NULL;
		if (insert == NULL)
			to[len++] = *from;
		else
			len += (size_t)snprintf(to + len, 512 - len, "%s", insert);
	}
	to[len] = '\0';
}

enum status search_fixture_find(struct search_fixture *fixture, const char *const variables[SEARCH_VARIABLES_MAX])
{
	size_t count = 0;
	for (; count < SEARCH_VARIABLES_MAX && variables[count] != NULL; count++) {
		expand(fixture, variables[count], fixture->text[count]);
		fixture->environment[count] = fixture->text[count];
	}
	fixture->environment[count] = NULL;
	fixture->err = (struct error){0};
	credentials_fini(&fixture->found);
	return credentials_find(&fixture->search, &fixture->found, &fixture->err);
}
