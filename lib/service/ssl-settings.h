/* TLS: names, types and defaults, for whoever speaks it. */
#ifndef LOFT_SERVICE_SSL_SETTINGS_H
#define LOFT_SERVICE_SSL_SETTINGS_H

#include "conf/settings.h"

#define SSL_SETTINGS(X) \
	X(ENUM, ssl, "yes:no:required", \
	  "Offer STARTTLS where there is a certificate; required does no " \
	  "more, as for LMTP in Dovecot: see lmtp_require_tls.") \
	X(STR, ssl_cert, "", "Certificate chain in PEM, as <path.") \
	X(STR, ssl_key, "", "Private key in PEM, as <path.") \
	X(STR, ssl_key_password, "", "Password of the private key.") \
	X(STR, ssl_alt_cert, "", \
	  "Second certificate, of another key type, as <path.") \
	X(STR, ssl_alt_key, "", "Private key of ssl_alt_cert, as <path.") \
	X(STR, ssl_ca, "", \
	  "Certificates that client certificates are checked against, as " \
	  "<path.") \
	X(BOOL, ssl_verify_client_cert, "no", "Ask clients for a certificate.") \
	X(BOOL, ssl_require_crl, "yes", \
	  "Refuse client certificates whose CA has no revocation list.") \
	X(STR, ssl_cert_username_field, "commonName", \
	  "Field of a client certificate that names the client.") \
	X(STR, ssl_min_protocol, "TLSv1.2", "Oldest protocol version accepted.") \
	X(STR, ssl_cipher_list, "ALL:!kRSA:!SRP:!kDHd:!DSS:!aNULL:!eNULL:" \
	  "!EXPORT:!DES:!3DES:!MD5:!PSK:!RC4:!ADH:!LOW@STRENGTH", \
	  "Ciphers up to TLS 1.2, in OpenSSL's notation.") \
	X(STR, ssl_cipher_suites, "", \
	  "Cipher suites of TLS 1.3; empty means OpenSSL's.") \
	X(STR, ssl_curve_list, "", "Curves; empty means OpenSSL's.") \
	X(BOOL, ssl_prefer_server_ciphers, "no", \
	  "Prefer the server's order of ciphers.") \
	X(STR, ssl_options, "", \
	  "compression and no_ticket, separated by blanks.") \
	X(STR, ssl_dh, "", "Diffie-Hellman parameters, as <path.") \
	X(STR, ssl_crypto_device, "", "OpenSSL engine; not used.") \
	X(STR, ssl_client_cert, "", \
	  "Certificate to show to servers, as <path.") \
	X(STR, ssl_client_key, "", "Private key of ssl_client_cert, as <path.") \
	X(BOOL, verbose_ssl, "no", "Log TLS handshakes and alerts.")

SETTINGS_STRUCT(ssl_settings, SSL_SETTINGS);

#endif
