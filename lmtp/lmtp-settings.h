/*
 * Settings of the LMTP service alone; what it shares with loft-lda is in
 * deliver/deliver-settings.h and below.
 */
#ifndef LOFT_LMTP_SETTINGS_H
#define LOFT_LMTP_SETTINGS_H

#include "conf/settings.h"

#define LMTP_SETTINGS(X) \
	X(VARS, login_greeting, "Loft ready.", \
	  "Text behind the host name in the greeting.") \
	X(STR, login_trusted_networks, "", \
	  "Peers that may tell whom they speak for (XCLIENT, XFORWARD).") \
	X(BOOL, lmtp_save_to_detail_mailbox, "no", \
	  "Deliver user+detail into the mailbox detail.") \
	X(BOOL, lmtp_rcpt_check_quota, "no", \
	  "Refuse recipients who are over quota already at RCPT.") \
	X(BOOL, lmtp_add_received_header, "yes", \
	  "Put a Received field in front of messages.") \
	X(ENUM, lmtp_hdr_delivery_address, "final:none:original", \
	  "Address for Delivered-To and Received: the recipient's, none, or " \
	  "the one before the MTA's aliases (ORCPT).") \
	X(UINT, lmtp_user_concurrency_limit, "0", \
	  "Deliveries to one user at a time; 0 means any number.") \
	X(VARS, lmtp_rawlog_dir, "", \
	  "Directory in which sessions are recorded, if it exists.") \
	X(STR, lmtp_client_workarounds, "", \
	  "whitespace-before-path and mailbox-for-path, separated by blanks.") \
	X(BOOL, lmtp_verbose_replies, "no", \
	  "Tell clients the cause of temporary failures.") \
	X(BOOL, lmtp_proxy, "no", \
	  "Ask the passdb per recipient and pass mail on where it says so.") \
	X(VARS, lmtp_proxy_rawlog_dir, "", \
	  "Directory in which the outgoing side of the proxy is recorded.") \
	X(STR, lmtp_trusted_ips, "", \
	  "Addresses and networks that may connect over TCP; empty means " \
	  "all.") \
	X(BOOL, lmtp_require_tls, "no", \
	  "Refuse MAIL before TLS on TCP connections.") \
	X(BOOL, lmtp_require_client_cert, "no", \
	  "Refuse TLS clients without a valid certificate.") \
	X(SIZE, lmtp_max_message_size, "0", \
	  "Largest message taken, in octets; 0 means any.") \
	X(SIZE, lmtp_max_header_size, "0", \
	  "Largest header of a message taken, in octets; 0 means any.") \
	X(UINT, lmtp_max_recipients, "5000", \
	  "Recipients of one transaction; 0 means any number.") \
	X(UINT, lmtp_max_transactions, "0", \
	  "Transactions of one session; 0 means any number.") \
	X(UINT, lmtp_max_errors, "10", \
	  "Unknown or malformed commands in a row that are borne.") \
	X(TIME, lmtp_command_timeout, "5 mins", \
	  "Longest wait for a command.") \
	X(TIME, lmtp_data_timeout, "5 mins", \
	  "Longest wait for more of a message.") \
	X(TIME, lmtp_session_timeout, "0", \
	  "Longest session; 0 means any length.") \
	X(STR, lmtp_auth_mechanisms, "", \
	  "SASL mechanisms to offer: plain, login (both under TLS) and " \
	  "external; empty means no AUTH.") \
	X(BOOL, lmtp_dsn, "yes", \
	  "Offer DSN, where delivery reports can be sent.")

SETTINGS_STRUCT(lmtp_settings, LMTP_SETTINGS);

#endif
