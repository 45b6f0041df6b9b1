/*
 * Calls one command for each name on standard input, in order, as PostgreSQL's archiver or its recovery would, and
 * writes a line "NAME SECONDS KIB CPU" for each call: seconds from spawn to end, the peak memory and the seconds of
 * processor time that wait4 tells.
 *
 *     calls [-s] [-u FILE] [-k FOLDER] COMMAND [ARGUMENT...]      "%f" in an argument is the name
 *
 * -s          rename pg_wal/archive_status/NAME.ready to .done after each call, as the archiver does
 * -u FILE     remove FILE after each call
 * -k FOLDER   before that, FILE must be the same as FOLDER/NAME
 *
 * A program of its own: started from Python, a process inherits the peak memory of Python.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES 128 /* a WAL file's name has at most 40 */

extern char **environ;

static _Noreturn void die(const char *what, const char *name)
{
	fprintf(stderr, "calls: %s %s: %s\n", what, name, errno ? strerror(errno) : "no");
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static char *with_name(const char *argument, const char *name)
{
	const char *place = strstr(argument, "%f");
	char *out = NULL;

	if (!place)
		return strdup(argument);
	if (asprintf(&out, "%.*s%s%s", (int)(place - argument), argument, name, place + 2) < 0)
		die("memory", name);
	return out;
}

static void same(const char *dir, const char *name, const char *path)
{
	char left[65536], right[65536], original[PATH_MAX];
	FILE *a, *b;
	size_t got;

	snprintf(original, sizeof original, "%s/%s", dir, name);
	a = fopen(original, "r");
	b = fopen(path, "r");
	if (!a || !b)
		die("open", a ? path : original);
	do {
		got = fread(left, 1, sizeof left, a);
		errno = 0;
		if (fread(right, 1, sizeof right, b) != got || memcmp(left, right, got) != 0)
			die("is it the same file?", name);
	} while (got > 0);
	fclose(a);
	fclose(b);
}

static void mark_done(const char *name)
{
	char ready[PATH_MAX], done[PATH_MAX];

	snprintf(ready, sizeof ready, "pg_wal/archive_status/%s.ready", name);
	snprintf(done, sizeof done, "pg_wal/archive_status/%s.done", name);
	if (rename(ready, done) != 0)
		die("rename", ready);
}

static void call(FILE *report, char **command, int count, const char *name)
{
	char **argv = calloc((size_t)count + 1, sizeof *argv);
	struct rusage used;
	double begin;
	pid_t child;
	int status;

	if (!argv)
		die("memory", name);
	for (int i = 0; i < count; i++)
		argv[i] = with_name(command[i], name);
	begin = now();
	errno = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);
	if (errno)
		die("start", argv[0]);
	if (wait4(child, &status, 0, &used) != child)
		die("wait for", argv[0]);
	fprintf(report, "%s %.6f %ld %.6f\n", name, now() - begin, used.ru_maxrss,
		seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
	errno = 0;
	if (status != 0) {
		fprintf(stderr, "calls: wait status 0x%x\n", (unsigned)status);
		die("succeeded with", name);
	}
	for (int i = 0; i < count; i++)
		free(argv[i]);
	free(argv);
}

int main(int argc, char **argv)
{
	const char *file = NULL, *originals = NULL;
	char name[NAME_BYTES];
	FILE *report;
	int option, status = 0;

	while ((option = getopt(argc, argv, "+su:k:")) != -1) {
		if (option == 's')
			status = 1;
		else if (option == 'u')
			file = optarg;
		else if (option == 'k')
			originals = optarg;
		else
			return 2;
	}
	if (optind == argc || (originals && !file)) {
		fprintf(stderr, "usage: calls [-s] [-u FILE] [-k FOLDER] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	/* What the command says goes to standard error. */
	report = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
	if (!report || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		die("standard", "output");
	while (fgets(name, sizeof name, stdin)) {
		name[strcspn(name, "\n")] = '\0';
		call(report, argv + optind, argc - optind, name);
		if (originals)
			same(originals, name, file);
		if (file && unlink(file) != 0)
			die("remove", file);
		if (status)
			mark_done(name);
	}
	return fclose(report) == 0 ? 0 : 1;
}
