/* Variables that release what they own at the end of their scope. Hand the value over with STEAL. */
#ifndef WALSHIP_BASE_CLEANUP_H
#define WALSHIP_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Returns the pointer and sets the variable to NULL, so that its clean-up does nothing. */
#define STEAL(pointer)                                                                                                 \
	__extension__({                                                                                                \
		__typeof__(pointer) stolen_ = (pointer);                                                               \
		(pointer) = NULL;                                                                                      \
		stolen_;                                                                                               \
	})

/* For CLEANUP(fd_closep) int fd = -1; */
static inline void fd_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* For CLEANUP(freep) char *text = NULL; */
static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

/* For CLEANUP(file_closep) FILE *file = NULL; */
static inline void file_closep(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

/* For CLEANUP(dir_closep) DIR *dir = NULL; */
static inline void dir_closep(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

#endif
