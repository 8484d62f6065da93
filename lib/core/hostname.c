/*
 * The system's name; see hostname.h.
 */
#include "core/hostname.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/pool.h"

static const char *
ask_system(void)
{
	struct addrinfo hints = {
		.ai_flags = AI_CANONNAME,
		.ai_socktype = SOCK_STREAM,
	}, *ai;
	char name[256] = "";
	const char *result;

	if (gethostname(name, sizeof(name) - 1) != 0 || *name == '\0')
		return "localhost";
	if (strchr(name, '.') != NULL ||
	    getaddrinfo(name, NULL, &hints, &ai) != 0)
		return mem_strdup(name);
	result = mem_strdup(ai->ai_canonname != NULL ? ai->ai_canonname :
			    name);
	freeaddrinfo(ai);
	return result;
}

const char *
hostname_system(void)
{
	static const char *name;	/* for the life of the process */

	if (name == NULL)
		name = ask_system();
	return name;
}
