/*
 * Every settings table of every module, and where each applies: the one file
 * that may see them all, so that an unknown name can be refused at start.
 * Lists only, no code. To add a table see conf/settings.h.
 */
#include "conf/settings.h"

/* Kind of section ("" = outside of any) and the table that applies there. A
   module whose table stands at "plugin", "passdb" … gets those sections in
   its snapshot, too. */
const struct settings_row all_settings[] = {
	{ NULL, NULL }
};
