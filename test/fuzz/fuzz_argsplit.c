/* Lines of commands: what they are split into lies within bounds, and quoted again splits into the same. */
#include <stdio.h>
#include <string.h>

#include "target.h"
#include "text/argsplit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[ARGSPLIT_LINE_MAX + 16], again[8 * ARGSPLIT_LINE_MAX];
	struct argsplit args, second;
	struct error err;
	size_t len = 0;
	if (size >= sizeof line)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	if (argsplit(&args, line, "line", &err) != STATUS_OK)
		return 0;
	MUST(args.count > 0 && args.count <= ARGSPLIT_MAX && args.argv[args.count] == NULL);
	MUST(args.argv[0] == args.text);
	for (size_t i = 0; i < args.count; i++) {
		const char *word = args.argv[i];
		MUST(word >= args.text && word + strlen(word) < args.text + sizeof args.text);
		again[len++] = '"';
		for (; *word != '\0'; word++) {
			again[len++] = '\\';
			again[len++] = *word;
		}
		again[len++] = '"';
		again[len++] = ' ';
	}
	again[len] = '\0';
	if (len >= ARGSPLIT_LINE_MAX)
		return 0;
	MUST(argsplit(&second, again, "line", &err) == STATUS_OK && second.count == args.count);
	for (size_t i = 0; i < args.count; i++)
		MUST(strcmp(args.argv[i], second.argv[i]) == 0);
	return 0;
}
