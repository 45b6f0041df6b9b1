/* Runs searches for credentials with a scratch directory, a scripted server and a fake world. */
#ifndef TEST_NET_AWS_SEARCH_FIXTURE_H
#define TEST_NET_AWS_SEARCH_FIXTURE_H

#include "fault_server.h"
#include "net/aws/credentials.h"
#include "support/scratch.h"
#include "support/world.h"

#define SEARCH_NOW_S 1369353600 /* Fri, 24 May 2013 00:00:00 GMT */
#define SEARCH_VARIABLES_MAX 8

struct search_fixture {
	struct scratch dir; /* also HOME; contains "spool" */
	struct world world;
	struct fault_server *server;
	struct credentials found;
	struct error err;
	char spool[128];
	char text[SEARCH_VARIABLES_MAX][512];
	const char *environment[SEARCH_VARIABLES_MAX + 3];
	struct credential_search search;
};

void search_fixture_open(struct search_fixture *fixture, enum fault_tls tls, const struct fault_answer *answers,
			 size_t count);
void search_fixture_close(struct search_fixture *fixture);

/*
 * Searches with these variables, up to the first NULL. In them '~' stands for the directory's path and '$' for the
 * server's URL and '^' for the file with its certificate.
 */
enum status search_fixture_find(struct search_fixture *fixture, const char *const variables[SEARCH_VARIABLES_MAX]);

#endif
