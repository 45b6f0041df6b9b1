#include "login.h"

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"

void login_open(struct login *login, const struct fault_answer *answers, size_t count)
{
	*login = (struct login){0};
	scratch_init(&login->dir);
	world_init(&login->world);
	login->world.utc_s = LOGIN_NOW_S;
	login->world.random_byte = 0x80;
	login->world.call.deadline_ms = login->world.monotonic_ms + 10000;
	login->server = fault_server_start(FAULT_PLAIN, answers, count);
	(void)snprintf(login->spool, sizeof login->spool, "%s/spool", login->dir.path);
	login->search = (struct credential_search){.call = &login->world.call,
						   .region = "ca-central-1",
						   .spool = login->spool,
						   .environment = login->environment};
}

void login_close(struct login *login)
{
	/* What a source gives never gets into a log. */
	assert_null(strstr(buffer_text(&login->world.logged), "sesame"));
	assert_null(strstr(login->err.text, "sesame"));
	credentials_fini(&login->found);
	fault_server_stop(login->server);
	world_fini(&login->world);
	scratch_fini(&login->dir);
}

static void expand(const struct login *login, const char *from, char to[512])
{
	size_t len = 0;
	for (; *from != '\0' && len < 500; from++) {
		const char *insert = *from == '~'   ? login->dir.path
				     : *from == '$' ? fault_server_url(login->server)
						    : NULL;
		if (insert == NULL)
			to[len++] = *from;
		else
			len += (size_t)snprintf(to + len, 512 - len, "%s", insert);
	}
	to[len] = '\0';
}

enum status login_find(struct login *login, const char *const variables[LOGIN_VARIABLES_MAX])
{
	size_t count = 0;
	for (; count < LOGIN_VARIABLES_MAX && variables[count] != NULL; count++) {
		expand(login, variables[count], login->text[count]);
		login->environment[count] = login->text[count];
	}
	login->environment[count] = NULL;
	login->err = (struct error){0};
	credentials_fini(&login->found);
	return credentials_find(&login->search, &login->found, &login->err);
}
