# The auth process. What tests need of it is a library of its own.
noinst_LIBRARIES += auth/libauth.a
auth_libauth_a_SOURCES = \
	auth/absent.c \
	auth/auth.c auth/auth.h auth/auth-settings.h \
	auth/cache.c auth/cache.h \
	auth/chain.c \
	auth/conn.c auth/conn.h \
	auth/drivers.h \
	auth/fields.c auth/fields.h \
	auth/mech.c auth/mech.h auth/mech-login.c auth/mech-plain.c \
	auth/passdb.c auth/passdb-passwd.c \
	auth/passdb-passwd-file.c auth/passdb-static.c \
	auth/passwd-file.c auth/passwd-file.h \
	auth/password.c auth/password.h \
	auth/proto-client.c auth/proto-master.c \
	auth/request.c auth/request.h \
	auth/server.c auth/server.h \
	auth/template.c auth/template.h \
	auth/userdb.c auth/userdb-passwd.c auth/userdb-passwd-file.c \
	auth/userdb-prefetch.c auth/userdb-static.c
auth_libauth_a_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)

loftlibexec_PROGRAMS += auth/auth
auth_auth_SOURCES = auth/main.c
auth_auth_LDADD = auth/libauth.a libloft.a $(CONFUSE_LIBS) $(EVENT_LIBS) \
	$(SSL_LIBS) $(CRYPT_LIBS)
