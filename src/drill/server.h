/* The server of a drill: the installed programs of PostgreSQL, on the restored copy alone. */
#ifndef WALSHIP_DRILL_SERVER_H
#define WALSHIP_DRILL_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "drill/workspace.h"

struct postgres;

struct drill_server {
	const struct workspace *workspace;
	const struct call *call;
	const char *bindir;
	const char *const *environment; /* without PostgreSQL's own variables */
	const char *restore_command;    /* "restore_command=...", as an argument; NULL: that of the copy */
	pid_t pid;                      /* 0: it does not run */
	int wait_status;                /* of its end */
	char user[64];                  /* the superuser, after server_connect */
};

#define SERVER_BINDIR_MAX 4096

/*
 * Finds the directory of the server's programs: given, else where the packages of this major version put them, else
 * PATH. The server there must have the same major version. STATUS_USAGE, STATUS_LOCAL.
 */
enum status server_find_programs(char out[SERVER_BINDIR_MAX], const char *given, unsigned major,
				 const struct call *call, const char *const *environment, struct error *err);

/*
 * Starts the server. The kernel stops it if this process is killed. Call it from the main thread. STATUS_LOCAL.
 */
enum status server_start(struct drill_server *server, struct error *err);

/*
 * Waits until the recovery has ended and connections are taken, up to the call's deadline. STATUS_LOCAL: the server
 * ended before it began to replay. STATUS_DAMAGED: it ended in the recovery; the text has the cause from its log.
 * STATUS_UNREACHABLE: time or a signal has ended the wait.
 */
enum status server_wait(struct drill_server *server, struct error *err);

/* Connects to a database as a superuser. The server is proven to be the one of the copy. */
enum status server_connect(struct postgres **out, struct drill_server *server, const char *database, struct error *err);

/*
 * Stops the server: fast, and immediately if that takes too long or a signal has come. *clean: it was a fast shutdown.
 */
void server_stop(struct drill_server *server, bool *clean);

#endif
