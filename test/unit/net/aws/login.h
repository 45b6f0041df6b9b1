/* A search for credentials in a directory, in front of a scripted server, in a world of its own. */
#ifndef TEST_NET_LOGIN_H
#define TEST_NET_LOGIN_H

#include "fault_server.h"
#include "net/aws/credentials.h"
#include "support/scratch.h"
#include "support/world.h"

#define LOGIN_NOW_S 1369353600 /* Fri, 24 May 2013 00:00:00 GMT */
#define LOGIN_VARIABLES_MAX 8

struct login {
	struct scratch dir; /* also HOME; the spool is its "spool" */
	struct world world;
	struct fault_server *server;
	struct credentials found;
	struct error err;
	char spool[128];
	char text[LOGIN_VARIABLES_MAX][512];
	const char *environment[LOGIN_VARIABLES_MAX + 3];
	struct credential_search search;
};

void login_open(struct login *login, const struct fault_answer *answers, size_t count);
void login_close(struct login *login);

/* Searches with these variables, up to the first NULL; each '~' is the directory's path, each '$' the server's URL. */
enum status login_find(struct login *login, const char *const variables[LOGIN_VARIABLES_MAX]);

#endif
